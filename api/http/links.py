"""What clients do next with the answers of a route, as links of the OpenAPI document."""

from api.http.operations import Link

_JOB = {"job_id": "$response.body#/id"}
_SAME_JOB = {"job_id": "$request.path.job_id"}
_NEXT_PAGE = {"cursor": "$response.body#/next_cursor"}

# Of an answer with a job.
FOLLOW = (
    Link("get_job", "Poll the job; with `wait`, the answer comes as soon as it has ended.", _JOB),
    Link("stream_events", "Follow the job as Server-Sent Events.", _JOB),
    Link("cancel_job", "Cancel the job.", _JOB),
    Link("list_deliveries", "If it has a callback: list the webhooks about the job.", _JOB),
)
FOLLOW_BATCH = (Link("get_job", "Poll the first job.", {"job_id": "$response.body#/jobs/0/id"}),)
FOLLOW_INGEST = (
    *FOLLOW,
    Link("pause_job", "Pause the ingest.", _JOB),
    Link("resume_job", "Resume the ingest once it is paused.", _JOB),
    Link("list_failures", "List the items that failed.", _JOB),
    Link("retry_job", "Once the ingest has ended: start a new job over the items that failed.", _JOB),
)

# Of other answers.
NEXT_JOBS = (
    Link("list_jobs", "With the same filters: the next page, unless `next_cursor` is null.", _NEXT_PAGE),
    Link("get_job", "Poll the newest job.", {"job_id": "$response.body#/jobs/0/id"}),
)
NEXT_FAILURES = (
    Link("list_failures", "The next page, unless `next_cursor` is null.", {**_SAME_JOB, **_NEXT_PAGE}),
    Link("retry_job", "Start a new job over these items.", _SAME_JOB),
)
NEAREST_PHOTO = (Link("get_photo", "The nearest hit.", {"photo_id": "$response.body#/result/hits/0/photo_id"}),)
SAME_PHOTO = (
    Link(
        "get_photo",
        "The photo itself.",
        {"photo_id": "$response.body#/photo_id", "collection": "$request.query.collection"},
    ),
)
FIRST_COLLECTION = (Link("get_collection", "One of them.", {"name": "$response.body#/collections/0/name"}),)
