"""Search queries: weighted terms and the options of a search, as stored in the ledger and read by workers."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

TermKind = Literal["text", "image_url", "image", "photo_id"]

MAX_TEXT_BYTES = 8 * 1024
MAX_TERMS = 16
# Inputs of an embedding: a batch or two of the model.
MAX_INPUTS = 64
# Searches of one request.
MAX_BATCH = 100
MAX_TOP_K = 1000
# Skipped hits are found as well, with their vectors.
MAX_WINDOW = 5000
# To wait longer, clients use `GET /v1/jobs/{id}` of the ingest.
MAX_TIMEOUT_MS = 600_000


def text_problem(text: str) -> str | None:
    """What is wrong with a text of a query, or None."""
    if not text.strip():
        return "must not be empty"
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        return f"must be at most {MAX_TEXT_BYTES} bytes of UTF-8"
    return None


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a query. `value` is the text, URL or photo id. It is empty for an uploaded image, whose bytes have a
    key of their own in Redis."""

    kind: TermKind
    value: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Query:
    """Terms, collection and options of a search.

    The first `offset` hits are skipped. `filter` is the JSON of `shared/domain/filters.py`. Hits farther than
    `max_distance` are dropped; hits within `group_distance` of a better one are grouped with it. `exact` bypasses the
    index. `after_job` is an ingest or a deletion that must have ended.
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
        """The number of hits to find, including skipped ones."""
        return self.offset + self.top_k

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> "Query":
        fields = json.loads(text)
        fields["terms"] = tuple(Term(**term) for term in fields["terms"])
        return cls(**fields)
