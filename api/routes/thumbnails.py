"""`/thumbnails/`: thumbnails, whose addresses are the `thumbnail` of hits and photos, and the `url` of uploads."""

from typing import Annotated

from flask import Response, send_file
from pydantic import Field

from api.http.operations import Answer, Routes
from api.http.parameters import InCollection
from api.services import services
from shared.domain.items import normal_id
from shared.errors import NotFoundError

routes = Routes("thumbnails")

# The content of an address never changes. Who does not know the address does not find it in a shared cache either.
_CACHING = "public, max-age=31536000, immutable"


class ThumbnailAddress(InCollection):
    v: Annotated[str, Field(examples=["5d41402abc4b2a76b9719d91"])] = ""
    """The digest of the content, as in the photo's `thumbnail`."""


@routes.get(
    "/thumbnails/<path:photo_id>",
    Answer(200, None, "The picture.", "image/jpeg"),
    Answer(304, None, "Not modified."),
    raises=[NotFoundError],
)
def get_thumbnail(photo_id: str, query: ThumbnailAddress) -> Response:
    """Return the thumbnail of a photo."""
    thumbnails = services().thumbnails
    found = thumbnails.find(query.collection, normal_id(photo_id), query.v) if thumbnails else None
    if found is None:
        raise NotFoundError("There is no such thumbnail; use the photo's `thumbnail`, including its `v`.")
    response = send_file(found, mimetype="image/jpeg")
    response.headers["Cache-Control"] = _CACHING
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
