"""The API's answers as frozen dataclasses. Fields that a newer API adds are ignored.

URLs of uploaded pictures are paths of the API; `from_json` completes them with the API's address.
"""

from lichtbild.models.attributes import Attribute, Attributes
from lichtbild.models.collections import Collection, Index
from lichtbild.models.deliveries import Attempt, Delivery
from lichtbild.models.embeddings import Embedding, Embeddings
from lichtbild.models.jobs import (
    FINAL,
    FailedItem,
    Job,
    Kind,
    PictureGroup,
    PreflightReport,
    Progress,
    SamePicture,
    Status,
)
from lichtbild.models.photos import Hit, KnownPhoto, Photo, SearchResult, SimilarPhoto, Tokens
from lichtbild.models.problem import JobError
from lichtbild.models.readiness import Backlog, Readiness, Worker

__all__ = [
    "FINAL",
    "Attempt",
    "Attribute",
    "Attributes",
    "Backlog",
    "Collection",
    "Delivery",
    "Embedding",
    "Embeddings",
    "FailedItem",
    "Hit",
    "Index",
    "Job",
    "JobError",
    "Kind",
    "KnownPhoto",
    "Photo",
    "PictureGroup",
    "PreflightReport",
    "Progress",
    "Readiness",
    "SamePicture",
    "SearchResult",
    "SimilarPhoto",
    "Status",
    "Tokens",
    "Worker",
]
