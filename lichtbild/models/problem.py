"""Why something failed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job or an input failed, or a job paused itself. `code` is stable, `detail` is for people."""

    code: str
    detail: str
