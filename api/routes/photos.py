"""`/v1/photos`: single stored photos."""

from typing import Annotated, Literal

from flask import request
from pydantic import Field

from api.http import examples, links, request_id
from api.http.operations import POLLING, Answer, Body, Reply, Routes
from api.http.parameters import InCollection, PhotoIdPart, WholeNumber
from api.http.views import photo_view
from api.intake.known_body import KnownBody, read_known
from api.routes.address import api_url, job_url
from api.services import services
from shared.domain.items import normal_id
from shared.domain.job_view import job_view
from shared.domain.results import JobView, KnownPhoto, KnownPhotos, PhotoList, PhotoView
from shared.errors import (
    MalformedError,
    NewerSchemaError,
    NotFoundError,
    PayloadTooLargeError,
    UnsupportedTypeError,
)

routes = Routes("photos")

# Longer than a worker normally needs.
_DELETION_SECONDS = 10.0


class PhotoQuery(InCollection):
    include: Literal["embedding"] | None = None
    """`embedding` adds the photo's unit vector."""


class RandomQuery(InCollection):
    count: Annotated[Annotated[WholeNumber, Field(ge=1, le=100)] | None, Field(examples=[12])] = None
    """Return this many different photos, as a list, or all if there are fewer."""


@routes.get(
    "/v1/photos/random",
    Answer(
        200,
        PhotoView | PhotoList,
        "A photo; with `count`, a list.",
        example=examples.PHOTO,
        links=links.SAME_PHOTO,
    ),
    raises=[NotFoundError, NewerSchemaError],
)
def get_random_photo(query: RandomQuery) -> Reply:
    """Return one or several stored photos, drawn at random."""
    photos = services().catalogue.random_photos(query.collection, query.count or 1)
    if not photos:
        raise NotFoundError(f"There are no photos in {query.collection!r}.")
    collection = services().catalogue.describe(query.collection)
    views = [photo_view(photo, collection, api_url(), with_embedding=False) for photo in photos]
    return Reply(PhotoList(views) if query.count else views[0], headers={"Cache-Control": "no-store"})


@routes.post(
    "/v1/photos/known",
    Answer(200, KnownPhotos, "Those that are stored.", example=examples.KNOWN),
    raises=[MalformedError, PayloadTooLargeError, UnsupportedTypeError, NewerSchemaError],
    body=Body({"application/json": KnownBody}, "Ids with the SHA-256 of the images' bytes."),
)
def find_known_photos(query: InCollection) -> KnownPhotos:
    """Find out which images are stored already, so that they need not be uploaded again."""
    asked = {photo.photo_id: photo.sha256 for photo in read_known(request)}
    known = services().catalogue.known(query.collection, list(asked))
    return KnownPhotos(
        [
            KnownPhoto(photo_id, photo.content_hash.hex() == asked[photo_id], photo.attributes)
            for photo_id, photo in known.items()
        ]
    )


@routes.get(
    "/v1/photos/<path:photo_id>",
    Answer(200, PhotoView, "The photo.", example=examples.PHOTO),
    raises=[NotFoundError, NewerSchemaError],
)
def get_photo(photo_id: str, query: PhotoQuery) -> PhotoView:
    """Return a stored photo."""
    found = services().catalogue.get(query.collection, normal_id(photo_id))
    if found is None:
        raise NotFoundError(f"There is no photo {photo_id!r} in {query.collection!r}.")
    collection = services().catalogue.describe(query.collection)
    return photo_view(found, collection, api_url(), with_embedding=query.include is not None)


@routes.delete(
    "/v1/photos/<path:photo_id>",
    Answer(204, None, "No search returns the photo any more.", headers=("Deleted-Photos",)),
    Answer(
        202,
        JobView,
        "The deletion takes longer than ten seconds: its job.",
        headers=POLLING,
        example=examples.QUEUED_DELETION,
        links=links.FOLLOW,
    ),
    raises=[NotFoundError, NewerSchemaError],
)
def delete_photo(photo_id: PhotoIdPart, query: InCollection) -> Reply:
    """Delete a photo. Deleting an unknown photo is no error; `Deleted-Photos` is 0 then.

    The deletion overrides every earlier submission of this id, even one that is still being ingested.
    """
    parts = services()
    if parts.catalogue.describe(query.collection) is None:
        raise NotFoundError(f"There is no collection {query.collection!r}.")
    stored = parts.catalogue.get(query.collection, photo_id)
    stored_id = stored.photo_id if stored else photo_id
    job_id = parts.deletions.enqueue(query.collection, stored_id, request_id.current())
    job = parts.watcher.wait(job_id, _DELETION_SECONDS)
    if job.status == "succeeded":
        return Reply(None, 204, {"Deleted-Photos": str(int(stored is not None))})
    if job.status == "failed":
        raise NotFoundError(job.error["detail"])
    return Reply(job_view(job, api_url()), 202, {"Location": job_url(job.id), "Retry-After": "1"})
