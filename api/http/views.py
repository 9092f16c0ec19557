"""From domain objects to answers; jobs are in `shared/domain/job_view.py`. `api` is the API's address, for links."""

from shared.catalogue.interface import Collection, Index, Photo
from shared.domain.items import Failure
from shared.domain.job_view import absolute
from shared.domain.results import CollectionView, FailedItem, IndexView, PhotoView
from shared.uploads.thumbnails import thumbnail_of


def failed_item(failure: Failure) -> FailedItem:
    item = failure.item
    return FailedItem(item.id, item.url, failure.host, failure.code, failure.detail, failure.attempts)


def photo_view(photo: Photo, collection: Collection | None, api: str, *, with_embedding: bool) -> PhotoView:
    thumbnail = thumbnail_of(photo.url, photo.picture.thumbnail)
    return PhotoView(
        photo_id=photo.photo_id,
        url=absolute(photo.url, api),
        attributes=photo.attributes,
        model=collection.model if collection else None,
        width=photo.picture.width or None,
        height=photo.picture.height or None,
        thumbnail=None if thumbnail is None else absolute(thumbnail, api),
        embedding=photo.embedding.tolist() if with_embedding and photo.embedding is not None else None,
    )


def collection_view(collection: Collection, photos: int, index: Index) -> CollectionView:
    covered = IndexView(index.type, index.status, index.reason, photos=index.rows)
    return CollectionView(collection.name, photos, collection.model, collection.dimension, covered)
