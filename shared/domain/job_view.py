"""A job as the API answers it and as webhooks carry it. `api` is the address of the API, for absolute links."""

from typing import Any, cast

from shared.domain.job import Job
from shared.domain.results import JobLinks, JobView, PictureGroup, PreflightReport, Progress, SamePicture


def job_view(job: Job, api: str) -> JobView:
    return JobView(
        id=job.id,
        kind=job.kind,
        status=job.status,
        collection=job.collection or None,
        name=job.labels.name,
        metadata=job.labels.metadata,
        parent_id=job.parent_id,
        preflight_of=job.preflight_of,
        created_at=job.created,
        started_at=job.started,
        finished_at=job.finished,
        progress=_progress(job) if job.kind == "ingest" else None,
        result=_preflight_report(job) if job.preflight_of and job.status == "succeeded" else _result(job, api),
        # The stored error is the JSON of a `JobError`.
        error=job.error,
        request_id=job.labels.request_id,
        links=_links(job, api),
        waits_for=job.waits_for,
    )


def _result(job: Job, api: str) -> Any:
    """The stored result is the JSON of a `SearchResult`, whose thumbnails have relative addresses."""
    if not job.result or "hits" not in job.result:
        return job.result
    return job.result | {"hits": [_absolute_hit(hit, api) for hit in job.result["hits"]]}


def _absolute_hit(hit: dict[str, Any], api: str) -> dict[str, Any]:
    hit = hit | {name: absolute(hit[name], api) for name in ("url", "thumbnail") if name in hit}
    if "similar" in hit:
        hit["similar"] = [_absolute_hit(photo, api) for photo in hit["similar"]]
    return hit


def absolute(url: str, api: str) -> str:
    """A stored address that begins with `/` is one of the API's own."""
    return api + url if url.startswith("/") else url


def _links(job: Job, api: str) -> JobLinks:
    link = f"{api}/v1/jobs/{job.id}"
    return JobLinks(link, f"{link}?wait=30", f"{link}/events", f"{link}/errors" if job.kind == "ingest" else None)


def _progress(job: Job) -> Progress:
    is_moving = job.status == "running" and job.items_per_second > 0
    return Progress(
        total=job.total,
        pending=job.pending,
        stored=job.stored,
        failed=job.failed,
        unchanged=job.unchanged,
        under_way=0 if job.is_final else min(job.under_way, job.pending),
        items_per_second=round(job.items_per_second, 1),
        eta_seconds=round(job.pending / job.items_per_second) if is_moving else None,
        bytes=job.bytes,
        stage_seconds={stage: round(seconds, 3) for stage, seconds in job.stage_seconds.items()},
        limited_by=job.limited_by,
        failed_by_code=job.failed_by_code,
        failed_by_host=job.failed_by_host,
        same_picture=_same_picture(job),
    )


def _same_picture(job: Job) -> SamePicture | None:
    if not job.same_picture:
        return None
    return SamePicture(job.same_picture, [PictureGroup(count, ids) for count, ids in job.same_pictures])


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
