"""`/thumbnails/`: thumbnails of uploaded photos, whose addresses are the `url` of hits and photos."""

from typing import Annotated

from flask import Response, send_file
from pydantic import Field

from api.http.operations import Answer, Routes
from api.http.parameters import InCollection
from api.services import services
from shared.domain.items import normal_id
from shared.errors import NotFoundError

routes = Routes("thumbnails")

# The content of an address never changes. Shared caches must not store it: the address is known to few.
_CACHING = "private, max-age=31536000, immutable"


class ThumbnailAddress(InCollection):
    v: Annotated[str, Field(examples=["5d41402abc4b2a76b9719d91"])] = ""
    """The digest of the content, as in the photo's `url`."""


@routes.get(
    "/thumbnails/<path:photo_id>",
    Answer(200, None, "The picture.", "image/jpeg"),
    Answer(304, None, "Not modified."),
    raises=[NotFoundError],
)
def get_thumbnail(photo_id: str, query: ThumbnailAddress) -> Response:
    """Return the thumbnail of an uploaded photo."""
    thumbnails = services().thumbnails
    found = thumbnails.find(query.collection, normal_id(photo_id), query.v) if thumbnails else None
    if found is None:
        raise NotFoundError("There is no such thumbnail; use the photo's `url`, including its `v`.")
    response = send_file(found, mimetype="image/jpeg")
    response.headers["Cache-Control"] = _CACHING
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
