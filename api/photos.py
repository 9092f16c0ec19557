"""`/v1/photos`: stored photos, one by one."""

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from api import arguments
from api.services import services
from shared.catalogue.interface import Photo
from shared.errors import InvalidRequestError, NotFoundError

routes = Blueprint("photos", __name__)


@routes.get("/v1/photos/random")
def random() -> ResponseReturnValue:
    arguments.only({"collection"})
    collection = arguments.collection()
    photo = services().catalogue.random(collection)
    if photo is None:
        raise NotFoundError(f"There are no photos in {collection!r} yet.")
    return _body(photo, collection, with_embedding=False), 200, {"Cache-Control": "no-store"}


@routes.get("/v1/photos/<path:photo_id>")
def photo(photo_id: str) -> ResponseReturnValue:
    arguments.only({"collection", "include"})
    include = request.args.get("include")
    if include not in (None, "embedding"):
        raise InvalidRequestError("`include` can only be embedding.")
    collection = arguments.collection()
    found = services().catalogue.get(collection, photo_id)
    if found is None:
        raise NotFoundError(f"There is no photo {photo_id!r} in {collection!r}.")
    return _body(found, collection, with_embedding=include is not None)


def _body(photo: Photo, collection: str, *, with_embedding: bool) -> dict[str, Any]:
    described = services().catalogue.describe(collection)
    body = {
        "photo_id": photo.photo_id,
        "url": photo.url,
        "attributes": photo.attributes,
        "model": described.model if described else None,
    }
    if with_embedding and photo.embedding is not None:
        body["embedding"] = photo.embedding.tolist()
    return body
