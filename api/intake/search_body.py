"""The body of a search, as clients write it."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.intake.fields import CallbackEvents, CallbackUrl, ImageUrl, JobMetadata, JobName, PhotoId, QueryText
from shared.domain.collection_name import COLLECTION_PATTERN, DEFAULT_COLLECTION
from shared.domain.queries import MAX_BATCH, MAX_TIMEOUT_MS, MAX_TOP_K, TermKind

KINDS: tuple[TermKind, ...] = ("text", "image_url", "image", "photo_id")


class InputBody(BaseModel):
    """A text, or an image by URL or in base64."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    text: QueryText | None = None
    """A text in the model's language."""
    image_url: ImageUrl | None = None
    """The address of an image, which a worker downloads."""
    image: str | None = None
    """The bytes of an image, in base64."""

    def given(self) -> list[tuple[TermKind, str]]:
        """The inputs with their kinds."""
        return [(kind, value) for kind in KINDS if (value := getattr(self, kind, None)) is not None]


class GivenBody(InputBody):
    """A text, an image by URL or in base64, or a stored photo."""

    photo_id: PhotoId | None = None
    """The id of a stored photo of the collection."""


class TermBody(GivenBody):
    """One term: exactly one of the kinds, and its weight."""

    weight: float = Field(1.0, ge=-100, le=100, allow_inf_nan=False)
    """Its share in the query: the weighted sum of the terms' unit vectors, renormalised. Negative: away from it."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if len(self.given()) != 1:
            raise ValueError(f"must have exactly one of {', '.join(KINDS)}")
        return self


class SearchBody(GivenBody):
    """A search as a client writes it; its own `text`, `image_url`, `image` and `photo_id` are terms of weight 1."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "a dog on a beach", "top_k": 3, "filter": {"width": {"gte": 2000}}},
                {"terms": [{"photo_id": "beach-1"}, {"text": "at night", "weight": -0.5}], "group_distance": 0.1},
            ]
        }
    )

    terms: list[TermBody] = Field(default_factory=list)
    """Further terms, with weights; at most 16 terms in all."""
    top_k: int = Field(5, ge=1, le=MAX_TOP_K)
    """The number of hits."""
    offset: int = Field(0, ge=0)
    """Hits to skip. `offset + top_k` is at most 5,000, because each page ranks all hits before it: for more, narrow the
    search by a filter. Pages are consistent: hits of equal distance are ordered by id."""
    filter: dict[str, Any] | None = None
    """Conditions on the attributes, `photo_id` and `url`: `{"photographer": "x", "width": {"gte": 2000}}`."""
    max_distance: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    """Drops farther hits."""
    group_distance: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    """Near-duplicates: a hit within this distance of a better hit is listed in that hit's `similar`. Distances up to
    0.0001 count as 0."""
    exact: bool = False
    """Compare all vectors, even if there is an index."""
    include: list[Literal["embedding"]] = Field(default_factory=list)
    """`embedding`: each hit with its vector."""
    after_job: str | None = None
    """The id of an ingest or a deletion in the same collection: the search starts after that job has ended."""
    timeout_ms: int | None = Field(None, ge=1, le=MAX_TIMEOUT_MS)
    """The job fails with `timeout` after these milliseconds; by default after LICHTBILD_SEARCH_TIMEOUT_SECONDS."""
    collection: Annotated[str, Field(json_schema_extra={"pattern": COLLECTION_PATTERN})] = DEFAULT_COLLECTION
    """The collection to search."""
    name: JobName = None
    metadata: JobMetadata = Field(default_factory=dict)
    callback_url: CallbackUrl = None
    callback_events: CallbackEvents = None

    def all_terms(self) -> list[TermBody]:
        """Shorthand terms first, checked like the others."""
        return [TermBody.model_validate({kind: value}) for kind, value in self.given()] + self.terms


class BatchBody(BaseModel):
    """Several searches. Each is checked, queued and answered as if it came alone."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"searches": [{"text": "a dog on a beach"}, {"text": "snow", "top_k": 3}]}]},
    )

    searches: list[SearchBody] = Field(min_length=1, max_length=MAX_BATCH)
    """Up to 100 searches. Images are in base64."""
