"""Lichtbild's Python client. Needs nothing but `requests`: the stack itself is in the extras."""

from lichtbild.client import Client
from lichtbild.errors import ApiError, JobFailed, LichtbildError, OutcomeUnknown, StillRunning, Unreachable
from lichtbild.manifest import UnknownFormat
from lichtbild.models import Collection, FailedItem, Hit, Job, JobError, Photo, Progress, Readiness, SearchResult

__all__ = [
    "ApiError",
    "Client",
    "Collection",
    "FailedItem",
    "Hit",
    "Job",
    "JobError",
    "JobFailed",
    "LichtbildError",
    "OutcomeUnknown",
    "Photo",
    "Progress",
    "Readiness",
    "SearchResult",
    "StillRunning",
    "UnknownFormat",
    "Unreachable",
]
