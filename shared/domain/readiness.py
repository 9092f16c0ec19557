"""Whether the API runs and jobs can be processed, shaped as clients see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shared.domain.documented import Documented


@dataclass(frozen=True, slots=True)
class Alive(Documented):
    """The API process responds."""

    status: Literal["alive"]
    """Always this."""


@dataclass(frozen=True, slots=True)
class Backlog(Documented):
    """Unfinished work."""

    jobs: int
    """Ingest jobs that are not paused and have pending items."""
    items: int
    """Pending items of those jobs."""
    held: int
    """Chunks under a worker's lease."""
    searches: int
    """Searches without an answer."""


@dataclass(frozen=True, slots=True)
class Readiness(Documented):
    """Whether jobs can be processed, the live workers, and the backlog."""

    status: Literal["ready", "not ready"]
    """`ready`: all checks hold."""
    checks: Mapping[str, bool]
    """`redis`, `catalogue`, `search_worker`, `ingest_worker`: whether each is available."""
    workers: Sequence[Mapping[str, Any]]
    """Live workers: `name`, `queue`, `model`, `dimension`, `device`; for images `dtype` and `batch_size`, for texts
    `text_dtype` and `text_batch_size`; `passes`, the number of image batches in parallel;
    `encoded_per_second`, images and texts, the mean of the last seconds; `memory_bytes`, the resident memory of the
    process."""
    backlog: Backlog | None
    """Null while Redis is unavailable."""
    waits_for: str | None = None
    """Only while ingest workers cannot store: why, such as a full disk of the catalogue."""
