"""`/v1/photos`: single stored photos."""

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from api.http import parameters as arguments
from api.services import services
from shared.catalogue.interface import Photo
from shared.domain.items import photo_id_problem
from shared.errors import InvalidRequestError, NotFoundError

routes = Blueprint("photos", __name__)

# Longer than a worker normally needs.
_DELETION_SECONDS = 10.0


@routes.get("/v1/photos/random")
def random() -> ResponseReturnValue:
    arguments.only({"collection"})
    collection = arguments.collection()
    photo = services().catalogue.random(collection)
    if photo is None:
        raise NotFoundError(f"There are no photos in {collection!r}.")
    return _body(photo, collection, with_embedding=False), 200, {"Cache-Control": "no-store"}


@routes.get("/v1/photos/<path:photo_id>")
def photo(photo_id: str) -> ResponseReturnValue:
    arguments.only({"collection", "include"})
    include = request.args.get("include")
    if include not in (None, "embedding"):
        raise InvalidRequestError("`include` must be `embedding`.")
    collection = arguments.collection()
    found = services().catalogue.get(collection, photo_id)
    if found is None:
        raise NotFoundError(f"There is no photo {photo_id!r} in {collection!r}.")
    return _body(found, collection, with_embedding=include is not None)


@routes.delete("/v1/photos/<path:photo_id>")
def delete(photo_id: str) -> ResponseReturnValue:
    """Delete a photo. No 404 for an unknown id: an earlier submission may still be on its way to store it."""
    arguments.only({"collection"})
    parts, collection = services(), arguments.collection()
    problem = photo_id_problem(photo_id)
    if problem:
        raise InvalidRequestError(f"The photo id {problem}.")
    if parts.catalogue.describe(collection) is None:
        raise NotFoundError(f"There is no collection {collection!r}.")
    job = parts.watcher.wait(parts.deletions.enqueue(collection, photo_id), _DELETION_SECONDS)
    if job.status == "succeeded":
        return "", 204
    if job.status == "failed":
        raise NotFoundError(job.error["detail"])
    return job.as_json(), 202, {"Location": f"/v1/jobs/{job.id}", "Retry-After": "1"}


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
