"""`/thumbnails/`: thumbnails of uploaded photos, at the addresses in the `url` of hits and photos."""

from flask import Blueprint, request, send_file
from flask.typing import ResponseReturnValue

from api.http import parameters as arguments
from api.services import services
from shared.errors import NotFoundError

routes = Blueprint("thumbnails", __name__)

# The content of an address never changes, but only the requesting client may cache it, not a shared cache.
_CACHING = "private, max-age=31536000, immutable"


@routes.get("/thumbnails/<path:photo_id>")
def thumbnail(photo_id: str) -> ResponseReturnValue:
    arguments.only({"collection", "v"})
    thumbnails, collection = services().thumbnails, arguments.collection()
    found = thumbnails.find(collection, photo_id, request.args.get("v", "")) if thumbnails else None
    if found is None:
        raise NotFoundError("There is no such thumbnail; use the photo's `url`, including its `v`.")
    response = send_file(found, mimetype="image/jpeg")
    response.headers["Cache-Control"] = _CACHING
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
