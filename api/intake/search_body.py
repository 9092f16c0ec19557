"""The body of a search, as clients write it."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.intake.fields import CallbackUrl, ImageUrl, JobMetadata, JobName, PhotoId, QueryText
from shared.domain.callback import Event
from shared.domain.collection_name import DEFAULT_COLLECTION
from shared.domain.queries import MAX_BATCH, MAX_TIMEOUT_MS, MAX_TOP_K, TermKind

KINDS: tuple[TermKind, ...] = ("text", "image_url", "image", "photo_id")


class InputBody(BaseModel):
    """A text, or an image by URL or in base64."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: QueryText | None = None
    image_url: ImageUrl | None = None
    image: str | None = None

    def given(self) -> list[tuple[TermKind, str]]:
        """The inputs with their kinds."""
        return [(kind, value) for kind in KINDS if (value := getattr(self, kind, None)) is not None]


class GivenBody(InputBody):
    """A text, an image by URL or in base64, or a stored photo."""

    photo_id: PhotoId | None = None


class TermBody(GivenBody):
    """One term: exactly one of the kinds, and its weight."""

    weight: float = Field(1.0, ge=-100, le=100, allow_inf_nan=False)

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
    top_k: int = Field(5, ge=1, le=MAX_TOP_K)
    offset: int = Field(0, ge=0)
    filter: dict[str, Any] | None = None
    max_distance: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    group_distance: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    exact: bool = False
    include: list[Literal["embedding"]] = Field(default_factory=list)
    after_job: str | None = None
    timeout_ms: int | None = Field(None, ge=1, le=MAX_TIMEOUT_MS)
    collection: str = DEFAULT_COLLECTION
    name: JobName | None = None
    metadata: JobMetadata = Field(default_factory=dict)
    callback_url: CallbackUrl | None = None
    callback_events: list[Event] | None = Field(None, min_length=1)

    def all_terms(self) -> list[TermBody]:
        """Shorthand terms first, checked like the others."""
        return [TermBody.model_validate({kind: value}) for kind, value in self.given()] + self.terms


class BatchBody(BaseModel):
    """Several searches. Each is checked, queued and answered as if it came alone."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"searches": [{"text": "a dog on a beach"}, {"text": "snow", "top_k": 3}]}]},
    )

    searches: list[SearchBody] = Field(min_length=1, max_length=MAX_BATCH)
