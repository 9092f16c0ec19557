"""From domain objects to answers."""

from dataclasses import asdict
from typing import cast

from shared.catalogue.interface import Collection, Index, Photo
from shared.domain.items import Failure
from shared.domain.job import Job
from shared.domain.results import (
    CollectionView,
    FailedItem,
    IndexView,
    JobLinks,
    JobView,
    PhotoView,
    PreflightReport,
    Progress,
)


def job_view(job: Job) -> JobView:
    return JobView(
        id=job.id,
        kind=job.kind,
        status=job.status,
        collection=job.collection,
        parent_id=job.parent_id,
        preflight_of=job.preflight_of,
        created_at=job.created,
        started_at=job.started,
        finished_at=job.finished,
        progress=_progress(job) if job.kind == "ingest" else None,
        # A stored result or error is the JSON of a `SearchResult` or `JobError` already.
        result=_preflight_report(job) if job.preflight_of and job.status == "succeeded" else job.result,
        error=job.error,
        request_id=job.request_id,
        links=_links(job),
    )


def failed_item(failure: Failure) -> FailedItem:
    item = failure.item
    return FailedItem(item.id, item.url, item.host, failure.code, failure.detail, failure.attempts)


def photo_view(photo: Photo, collection: Collection | None, *, with_embedding: bool) -> PhotoView:
    return PhotoView(
        photo_id=photo.photo_id,
        url=photo.url,
        attributes=photo.attributes,
        model=collection.model if collection else None,
        embedding=photo.embedding.tolist() if with_embedding and photo.embedding is not None else None,
    )


def collection_view(collection: Collection, rows: int, index: Index) -> CollectionView:
    return CollectionView(collection.name, rows, collection.model, collection.dimension, IndexView(**asdict(index)))


def _links(job: Job) -> JobLinks:
    link = f"/v1/jobs/{job.id}"
    return JobLinks(link, f"{link}/events", f"{link}/errors" if job.kind == "ingest" else None)


def _progress(job: Job) -> Progress:
    is_moving = job.status == "running" and job.items_per_second > 0
    return Progress(
        total=job.total,
        pending=job.pending,
        stored=job.stored,
        failed=job.failed,
        unchanged=job.unchanged,
        items_per_second=round(job.items_per_second, 1),
        eta_seconds=round(job.pending / job.items_per_second) if is_moving else None,
        bytes=job.bytes,
        stage_seconds={stage: round(seconds, 3) for stage, seconds in job.stage_seconds.items()},
        limited_by=job.limited_by,
        failed_by_code=job.failed_by_code,
        failed_by_host=job.failed_by_host,
    )


def _preflight_report(job: Job) -> PreflightReport:
    """What the sample predicts for the whole list, at the speed of the sample."""
    listed = cast(int, job.preflight_of)
    bytes_per_item = job.bytes / job.stored if job.stored else 0.0
    return PreflightReport(
        tried=job.total,
        of=listed,
        success_rate=round(job.stored / job.total, 4),
        bytes_per_item=round(bytes_per_item),
        estimated_bytes=round(bytes_per_item * listed * job.stored / job.total),
        estimated_seconds=round(listed / job.items_per_second) if job.items_per_second else None,
    )
