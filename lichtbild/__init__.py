"""Lichtbild's Python client. Needs nothing but `requests`: the stack itself is in the extras."""

from lichtbild.client import Client
from lichtbild.errors import (
    ApiError,
    BrokenFile,
    JobFailed,
    JobPaused,
    LichtbildError,
    OutcomeUnknown,
    StillRunning,
    UnknownFormat,
    Unreachable,
)
from lichtbild.models import (
    Backlog,
    Collection,
    FailedItem,
    Hit,
    Job,
    JobError,
    Photo,
    PreflightReport,
    Progress,
    Readiness,
    SearchResult,
    Worker,
)

__all__ = [
    "ApiError",
    "Backlog",
    "BrokenFile",
    "Client",
    "Collection",
    "FailedItem",
    "Hit",
    "Job",
    "JobError",
    "JobFailed",
    "JobPaused",
    "LichtbildError",
    "OutcomeUnknown",
    "Photo",
    "PreflightReport",
    "Progress",
    "Readiness",
    "SearchResult",
    "StillRunning",
    "UnknownFormat",
    "Unreachable",
    "Worker",
]
