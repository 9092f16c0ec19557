"""`POST /v1/embeddings`: the vectors of texts and images, by the search workers."""

from flask import request

from api.http import examples, links
from api.http.operations import POLLING, Answer, Body, Reply, Routes
from api.intake.embedding_body import EmbeddingBody
from api.intake.query import read_embedding
from api.routes.awaited import Awaiting, awaited
from api.routes.callback import accepted_callback
from api.services import services
from shared.domain.results import JobView
from shared.errors import MalformedError, PayloadTooLargeError, SearchesFullError, UnsupportedTypeError

routes = Routes("embeddings")


@routes.post(
    "/v1/embeddings",
    Answer(
        202,
        JobView,
        "The job, unfinished.",
        headers=(*POLLING, "Preference-Applied"),
        example=examples.QUEUED_EMBEDDING,
        links=links.FOLLOW,
    ),
    Answer(
        200,
        JobView,
        "The finished job, within the seconds of `Prefer: wait=N`.",
        headers=("Location", "Preference-Applied"),
        example=examples.FINISHED_EMBEDDING,
    ),
    raises=[MalformedError, UnsupportedTypeError, PayloadTooLargeError, SearchesFullError],
    body=Body({"application/json": EmbeddingBody}, "Up to 64 texts and images."),
)
def embed(headers: Awaiting) -> Reply:
    """Embed texts and images: one unit vector each, of the model that searches use."""
    parts = services()
    asked = read_embedding(request, parts.settings.max_image_bytes)
    callback = accepted_callback(asked.callback)
    enqueued = parts.searches.enqueue(
        asked.query, asked.images, asked.timeout_ms, asked.labels, callback=callback, kind="embed"
    )
    if enqueued.must_ring:
        parts.doorbell.ring_search()
    return awaited(enqueued.job_id, headers.wait)
