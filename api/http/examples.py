"""Examples of answers for the OpenAPI document: instances of the answers' types, so no name in them is stale."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from api.http.openapi.parameters import JOB_ID, REQUEST_ID
from shared.domain.answer_json import to_json
from shared.domain.attribute_counts import AttributeCounts, CollectionAttributes, ValueCount
from shared.domain.deliveries import Attempt, Delivery, DeliveryList
from shared.domain.job import Kind
from shared.domain.readiness import Alive, Backlog, Readiness
from shared.domain.results import (
    CollectionList,
    CollectionView,
    FailedItem,
    FailurePage,
    IndexView,
    JobLinks,
    JobList,
    JobPage,
    JobView,
    KnownPhoto,
    KnownPhotos,
    PhotoView,
    PictureGroup,
    Progress,
    SamePicture,
)
from shared.domain.search_results import (
    Embedding,
    EmbeddingResult,
    EmbeddingTimes,
    FoundPhoto,
    Hit,
    JobError,
    SearchResult,
    SearchTimes,
    TokensUsed,
)

_API = "http://127.0.0.1:8700"
_MODEL = "openai/clip-vit-base-patch32"
_CREATED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
_ATTRIBUTES = {"place": "Sylt", "width": 4000}
_URL = "https://example.org/beach.jpg"


def _job(kind: Kind, **fields: Any) -> JobView:
    """A queued job."""
    link = f"{_API}/v1/jobs/{JOB_ID}"
    queued = JobView(
        id=JOB_ID,
        kind=kind,
        status="queued",
        collection="photos",
        name=None,
        metadata={},
        parent_id=None,
        preflight_of=None,
        created_at=_CREATED,
        started_at=None,
        finished_at=None,
        progress=None,
        result=None,
        error=None,
        request_id=REQUEST_ID,
        links=JobLinks(link, f"{link}?wait=30", f"{link}/events", f"{link}/errors" if kind == "ingest" else None),
    )
    return replace(queued, **fields)


def _progress(stored: int, failed: int) -> Progress:
    """Of an ingest with 25,000 items."""
    pending = 25_000 - stored - failed
    return Progress(
        total=25_000,
        pending=pending,
        stored=stored,
        failed=failed,
        unchanged=0,
        under_way=96 if stored and pending else 0,
        items_per_second=812.4 if stored else 0.0,
        eta_seconds=round(pending / 812.4) if stored and pending else None,
        bytes=34_500 * stored,
        stage_seconds={stage: 0.001 * n * stored for n, stage in enumerate(("fetch", "decode", "write", "encode"))},
        limited_by="encode" if stored else None,
        failed_by_code={"http_404": failed} if failed else {},
        failed_by_host={"example.org": failed} if failed else {},
    )


_PLACEHOLDER = SamePicture(29, [PictureGroup(30, ["b4QKbXQ-kxA", "y1ZTgP9-3rM", "jh2KTqHLMjE"])])
_STARTED = _CREATED + timedelta(seconds=1)
QUEUED_INGEST = _job("ingest", progress=_progress(0, 0))
RUNNING_INGEST = replace(
    QUEUED_INGEST,
    status="running",
    name="holiday 2024",
    metadata={"order": 7},
    started_at=_STARTED,
    progress=_progress(13_950, 40),
)
PAUSED_INGEST = replace(RUNNING_INGEST, status="paused")
CANCELLED_INGEST = replace(RUNNING_INGEST, status="cancelled", finished_at=_STARTED + timedelta(seconds=17))
FINISHED_INGEST = replace(
    RUNNING_INGEST,
    status="succeeded",
    finished_at=_STARTED + timedelta(seconds=31),
    progress=replace(_progress(24_960, 40), same_picture=_PLACEHOLDER),
)
RETRY = replace(QUEUED_INGEST, id="a1b2c3d4e5f60718293a", parent_id=JOB_ID)
QUEUED_SEARCH = _job("search")
QUEUED_DELETION = _job("delete")
QUEUED_INDEX = _job("index")
FINISHED_SEARCH = _job(
    "search",
    status="succeeded",
    started_at=_CREATED + timedelta(milliseconds=2),
    finished_at=_CREATED + timedelta(milliseconds=22),
    result=SearchResult(
        hits=[
            Hit(
                "beach-1",
                _URL,
                0.7131,
                _ATTRIBUTES,
                [0.2869],
                similar=[FoundPhoto("beach-2", "https://example.org/beach-2.jpg", 0.7188, {})],
            ),
            Hit("harbour", "https://example.org/harbour.jpg", 0.7402, {"place": "Kiel"}, [0.2598]),
        ],
        weights=[1.0],
        model=_MODEL,
        searchable_photos=24_960,
        pending_photos=0,
        took_ms=SearchTimes(queue=2.1, encode=11.8, search=6.0),
        tokens=[TokensUsed(7, 7)],
    ),
)
FINISHED_BATCH = JobList([FINISHED_SEARCH])
QUEUED_BATCH = JobList([QUEUED_SEARCH])
QUEUED_EMBEDDING = _job("embed", collection=None)
FINISHED_EMBEDDING = replace(
    QUEUED_EMBEDDING,
    status="succeeded",
    started_at=_CREATED + timedelta(milliseconds=2),
    finished_at=_CREATED + timedelta(milliseconds=19),
    result=EmbeddingResult(
        embeddings=[
            Embedding([0.6, -0.8], None, TokensUsed(7, 7)),
            Embedding(None, JobError("http_404", "The server responded 404 Not Found.")),
        ],
        model=_MODEL,
        dimension=2,
        took_ms=EmbeddingTimes(queue=2.1, encode=14.0),
    ),
)
JOBS = JobPage([RUNNING_INGEST], next_cursor=None)

_FAILED = FailedItem(
    "beach-9", "https://example.org/9.jpg", "example.org", "http_404", "The server answered 404.", attempts=1
)
FAILURES = FailurePage([_FAILED], next_cursor="0-1")
FAILURE_LINES = json.dumps(to_json(_FAILED)) + "\n"
_FAILED_ATTEMPT = Attempt(_CREATED + timedelta(seconds=19), 0.041, 503, None)
_DELIVERED_ATTEMPT = Attempt(_CREATED + timedelta(seconds=25), 0.018, 204, None)
DELIVERIES = DeliveryList(
    [
        Delivery(
            id=f"msg_{JOB_ID}_1",
            event="succeeded",
            url="https://example.org/hooks/lichtbild",
            status="delivered",
            created_at=_CREATED + timedelta(seconds=18),
            next_attempt_at=None,
            attempts=[_FAILED_ATTEMPT, _DELIVERED_ATTEMPT],
        )
    ]
)
EVENTS = "".join(
    f"event: {name}\ndata: {json.dumps(to_json(job))}\n\n"
    for name, job in (("progress", RUNNING_INGEST), ("done", FINISHED_INGEST))
)

PHOTO = PhotoView("beach-1", _URL, _ATTRIBUTES, _MODEL)
KNOWN = KnownPhotos([KnownPhoto("holiday/1.jpg", is_same=True, attributes={"path": "1.jpg"})])
COLLECTION = CollectionView(
    "photos", 24_960, _MODEL, 512, IndexView("vector_similarity", "built", reason=None, photos=24_960)
)
COLLECTIONS = CollectionList([COLLECTION])
ATTRIBUTES = CollectionAttributes(
    collection="photos",
    photos=24_960,
    sampled_photos=12_480,
    matching_photos=12_480,
    attributes=[
        AttributeCounts(
            name="place",
            kind="text",
            photos=12_301,
            kinds={"text": 12_301},
            distinct_values=412,
            values=[ValueCount("Sylt", 3_120), ValueCount("Kiel", 2_007)],
        ),
        AttributeCounts(
            name="width",
            kind="number",
            photos=11_870,
            kinds={"number": 11_870},
            distinct_values=96,
            values=[ValueCount(6000, 4_211)],
            min=640,
            max=9504,
        ),
    ],
    has_more=False,
)

ALIVE = Alive("alive")
_LOAD = {"encoded_per_second": 181.5, "memory_bytes": 1_204_400_128}
READY = Readiness(
    "ready",
    {"redis": True, "catalogue": True, "search_worker": True, "ingest_worker": True},
    [{"name": "ingest-1", "queue": "ingest", "model": _MODEL, "dimension": 512, "device": "cpu", **_LOAD}],
    Backlog(jobs=1, items=11_010, held=3, searches=0),
)
NOT_READY = replace(READY, status="not ready", checks={**READY.checks, "ingest_worker": False}, workers=[])

PAGE = '<!doctype html>\n<html lang="en">\n…</html>\n'
STYLE = "body { margin: 0; }\n"
