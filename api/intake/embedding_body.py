"""The body of an embedding, as clients write it."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.intake.fields import CallbackEvents, CallbackUrl, JobMetadata, JobName
from api.intake.search_body import InputBody
from shared.domain.queries import MAX_INPUTS, MAX_TIMEOUT_MS


class EmbeddingInput(InputBody):
    """One input: exactly one of the kinds."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if len(self.given()) != 1:
            raise ValueError("must have exactly one of text, image_url, image")
        return self


class EmbeddingBody(BaseModel):
    """Texts and images whose vectors are wanted."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [{"inputs": [{"text": "a dog on a beach"}, {"image_url": "https://example.org/dog.jpg"}]}]
        },
    )

    inputs: list[EmbeddingInput] = Field(min_length=1, max_length=MAX_INPUTS)
    """Texts and images, 64 MB in all."""
    timeout_ms: int | None = Field(None, ge=1, le=MAX_TIMEOUT_MS)
    """The job fails with `timeout` after these milliseconds; by default after LICHTBILD_SEARCH_TIMEOUT_SECONDS."""
    name: JobName = None
    metadata: JobMetadata = Field(default_factory=dict)
    callback_url: CallbackUrl = None
    callback_events: CallbackEvents = None
