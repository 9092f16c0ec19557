"""Uploads in the spool: received for a job, and of an age."""

import os
import time
from pathlib import Path

from shared.domain.items import Item
from shared.uploads.spool import Spool
from tests.pictures import photo

JOB = "0" * 20


def put(spool: Spool, job: str, count: int = 1) -> list[Item]:
    reception = spool.receive(job, 0)
    return [Item(f"p{n}", reception.add([photo(n)]), {}) for n in range(count)]


def age(with_uploads, job: str, seconds: float) -> None:
    when = time.time() - seconds
    os.utime(Path(with_uploads.uploads_folder) / "spool" / job, (when, when))
