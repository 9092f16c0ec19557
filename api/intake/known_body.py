"""The body of a question for stored photos."""

from typing import Annotated, Any

from flask import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.http.validation import body_faults
from api.intake.fields import PhotoId
from shared.errors import InvalidRequestError, MalformedError

_MAX_PHOTOS = 1000
_MAX_BYTES = 4 * 2**20
_EXAMPLE: Any = {"photo_id": "holiday/1.jpg", "sha256": "9f" * 32}


class AskedPhoto(BaseModel):
    """A photo, and the SHA-256 of its bytes in hexadecimal."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    photo_id: PhotoId
    """The id under which it would be uploaded."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """The SHA-256 of the image's bytes, in hexadecimal."""


class KnownBody(BaseModel):
    """Up to 1,000 photos."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"photos": [_EXAMPLE]}]},
    )

    photos: Annotated[list[AskedPhoto], Field(min_length=1, max_length=_MAX_PHOTOS)]
    """The images in question."""


def read_known(request: Request) -> list[AskedPhoto]:
    """The photos asked for. Raises MalformedError or InvalidRequestError."""
    request.max_content_length = _MAX_BYTES
    try:
        return KnownBody.model_validate_json(request.get_data()).photos
    except ValidationError as error:
        faults = body_faults(error)
        if error.errors()[0]["type"] == "json_invalid":
            raise MalformedError(f"The body is not valid JSON: {faults[0].message}.") from None
        raise InvalidRequestError(f"{(faults[0].pointer or '')[1:]}: {faults[0].message}.", faults) from None
