"""The ledger of catalogue commands: short jobs for a worker that may write to the catalogue. One queue per kind."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

import redis

from shared.errors import ConflictError, LichtbildError
from shared.ledger import keys, scripts
from shared.settings import Settings

CommandKind = Literal["delete", "index"]

# A command that has not ended this long after a claim is claimed again. An index build takes longer: each claim checks
# it once more.
_CLAIM_TTL_MS: dict[CommandKind, int] = {"delete": 10_000, "index": 2_000}
MAX_CLAIMED = 1000


@dataclass(frozen=True)
class CatalogueCommand:
    """What to do in a collection: the id of a photo to delete, '' to delete all of it, or `build` or `drop` for the
    index.

    `version` is its place in the order of submissions; `started` is set where `CommandLedger.mark_started` was called.
    """

    job_id: str
    collection: str
    subject: str
    version: int
    started: bool


class CommandLedger:
    """Every step is atomic and may be repeated."""

    def __init__(self, connection: "redis.Redis", settings: Settings, kind: CommandKind) -> None:
        self._redis = connection
        self._kind = kind
        self._retention = settings.search_retention_seconds
        self._enqueue = scripts.script(connection, "enqueue_command")
        self._claim = scripts.script(connection, "claim_commands")
        self._finish = scripts.finish(connection)

    def enqueue(self, collection: str, subject: str, request_id: str = "") -> str:
        """Queue a command and wake a worker. Return the job's id.

        A deletion with the empty subject is that of the collection. Until it has ended, no ingest into the collection
        is accepted, and a further deletion of it is the same job. Raises ConflictError while an ingest is unfinished.
        """
        job_id = secrets.token_hex(10)
        names = [keys.job(job_id), keys.jobs(self._kind), keys.SEQUENCE]
        names += [keys.commands(self._kind), keys.command_bell(self._kind)]
        if self._kind == "delete":
            names += [keys.writers(collection), keys.collection_stats(collection)]
        arguments = [job_id, self._kind, collection, subject, keys.CHANGES, self._retention, request_id]
        found = self._enqueue(keys=names, args=arguments).decode()
        if found == "busy":
            raise ConflictError(
                f"An ingest into {collection!r} is unfinished; cancel it, or wait for its end, and delete then."
            )
        return str(found)

    def wait(self, seconds: float) -> None:
        """Return when a command was queued, or after `seconds`."""
        self._redis.blpop([keys.command_bell(self._kind)], timeout=seconds)

    def claim(self) -> list[CatalogueCommand]:
        """Claim up to `MAX_CLAIMED` commands, oldest first. Two workers may claim the same one: each is idempotent."""
        again = _CLAIM_TTL_MS[self._kind]
        flat = self._claim(keys=[keys.commands(self._kind)], args=[keys.PREFIX, again, MAX_CLAIMED])
        texts = [cast(bytes, value).decode() for value in flat]
        return [
            CatalogueCommand(job_id, collection, subject, int(version), begun != "")
            for job_id, collection, subject, version, begun in zip(*[iter(texts)] * 5, strict=True)
        ]

    def mark_started(self, command: CatalogueCommand) -> None:
        """Record that a command which outlasts its claim has been started."""
        self._redis.hset(keys.job(command.job_id), "begun", 1)

    def is_open(self, command: CatalogueCommand) -> bool:
        """Whether the command has not ended: another worker may have executed it meanwhile, or it was cancelled."""
        return self._redis.hget(keys.job(command.job_id), "status") in (b"queued", b"running")

    def complete(self, commands: Iterable[CatalogueCommand]) -> None:
        for command in commands:
            self._finish(command.job_id, "succeeded", retention=self._retention)

    def fail(self, command: CatalogueCommand, error: LichtbildError) -> None:
        value = json.dumps({"code": error.code, "detail": str(error)})
        self._finish(command.job_id, "failed", field="error", value=value, retention=self._retention)
