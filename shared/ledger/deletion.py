"""The ledger of deletions: each is a short job, done by a worker that may write to the catalogue."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import redis

from shared.errors import LichtbildError
from shared.ledger import keys, scripts
from shared.settings import Settings

# A deletion is taken again if whoever took it said nothing for this long.
_TAKE_AGAIN_MS = 10_000
MAX_TAKEN = 1000


@dataclass(frozen=True)
class Deletion:
    """A photo to delete, with its place in the order of submissions."""

    job_id: str
    collection: str
    photo_id: str
    version: int


class DeletionLedger:
    """Every step is atomic and may be repeated."""

    def __init__(self, connection: "redis.Redis", settings: Settings) -> None:
        self._redis = connection
        self._retention = settings.search_retention_seconds
        self._create = scripts.script(connection, "create_deletion")
        self._take = scripts.script(connection, "take_deletions")
        self._finish = scripts.finish(connection)

    def create(self, collection: str, photo_id: str) -> str:
        """Record a deletion and wake a worker. Return the job's id."""
        job_id = secrets.token_hex(10)
        names = [keys.job(job_id), keys.jobs("delete"), keys.SEQUENCE, keys.writers(collection)]
        self._create(
            keys=[*names, keys.DELETIONS, keys.DELETION_BELL],
            args=[job_id, collection, photo_id, keys.CHANGES, self._retention],
        )
        return job_id

    def wait(self, seconds: float) -> None:
        """Return when a deletion was created, or after `seconds`."""
        self._redis.blpop([keys.DELETION_BELL], timeout=seconds)

    def take(self) -> list[Deletion]:
        """Take what waits, oldest first, `MAX_TAKEN` at most. Two workers may take the same: it does no harm."""
        flat = self._take(keys=[keys.DELETIONS], args=[keys.PREFIX, _TAKE_AGAIN_MS, MAX_TAKEN])
        texts = [cast(bytes, value).decode() for value in flat]
        return [
            Deletion(job_id, collection, photo_id, int(version))
            for job_id, collection, photo_id, version in zip(*[iter(texts)] * 4, strict=True)
        ]

    def succeed(self, deletions: Iterable[Deletion]) -> None:
        for deletion in deletions:
            self._finish(deletion.job_id, "succeeded", retention=self._retention)

    def fail(self, deletion: Deletion, error: LichtbildError) -> None:
        value = json.dumps({"code": error.code, "detail": str(error)})
        self._finish(deletion.job_id, "failed", field="error", value=value, retention=self._retention)
