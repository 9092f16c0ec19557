"""The API's answers as frozen dataclasses. Fields that a newer API adds are ignored.

URLs of uploaded pictures are paths of the API; `from_json` completes them with the API's address.
"""

from lichtbild.models.collections import Collection, Index
from lichtbild.models.jobs import FINAL, FailedItem, Job, JobError, Kind, PreflightReport, Progress, Status
from lichtbild.models.photos import Hit, Photo, SearchResult, SimilarPhoto
from lichtbild.models.readiness import Backlog, Readiness, Worker

__all__ = [
    "FINAL",
    "Backlog",
    "Collection",
    "FailedItem",
    "Hit",
    "Index",
    "Job",
    "JobError",
    "Kind",
    "Photo",
    "PreflightReport",
    "Progress",
    "Readiness",
    "SearchResult",
    "SimilarPhoto",
    "Status",
    "Worker",
]
