"""Search queries: a list of weighted terms and what is wanted of the hits, as stored in the ledger and read by the
worker."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

TermKind = Literal["text", "image_url", "image", "photo_id"]

MAX_TEXT_BYTES = 8 * 1024
MAX_TERMS = 16
MAX_TOP_K = 1000
# Hits that are skipped are found all the same, with their vectors.
MAX_WINDOW = 5000
# Longer waits are for `GET /v1/jobs/{id}` of the ingest itself.
MAX_TIMEOUT_MS = 600_000


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a query. `value` is the text, URL or photo id; for an uploaded image it is empty:
    the bytes wait beside the job."""

    kind: TermKind
    value: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for, in which collection, and which hits to return.

    `offset` hits are skipped. `filter` is the JSON of `shared/domain/filters.py`. Farther hits than `max_distance` are
    left out; those within `group_distance` of a better one are listed with it. `exact` leaves the index aside.
    `after_job` is an ingest or a deletion that has to have ended.
    """

    terms: tuple[Term, ...]
    top_k: int
    collection: str
    offset: int = 0
    filter: Any = None
    max_distance: float | None = None
    group_distance: float | None = None
    exact: bool = False
    include_embedding: bool = False
    after_job: str | None = None

    @property
    def window(self) -> int:
        """Hits to find, those that are skipped included."""
        return self.offset + self.top_k

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> "Query":
        fields = json.loads(text)
        fields["terms"] = tuple(Term(**term) for term in fields["terms"])
        return cls(**fields)
