"""Search queries: a list of weighted terms, as stored in the ledger and read by the worker."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

TermKind = Literal["text", "image_url", "image", "photo_id"]

MAX_TEXT_BYTES = 8 * 1024
MAX_TERMS = 16
MAX_TOP_K = 1000


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a query. `value` is the text, URL or photo id; for an uploaded image it is empty:
    the bytes wait beside the job."""

    kind: TermKind
    value: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for, in which collection, and how many hits to return."""

    terms: tuple[Term, ...]
    top_k: int
    collection: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> "Query":
        fields = json.loads(text)
        fields["terms"] = tuple(Term(**term) for term in fields["terms"])
        return cls(**fields)
