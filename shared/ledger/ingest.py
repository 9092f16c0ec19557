"""The ledger of ingest jobs: claim chunks, settle them, list what failed."""

import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import redis

from shared.domain.items import Failure, Item, Outcome, pack_items, unpack_items
from shared.errors import Fault, InvalidRequestError, NotFoundError
from shared.ledger import keys, scripts
from shared.ledger.failure_blocks import pack_failures, unpack_failures
from shared.ledger.submission import Submission
from shared.settings import Settings

# The cursor of the first page of failed items: `block-offset`.
FIRST_FAILURES = "0-0"
# Failures are counted per host for at most this many hosts; the rest share one counter. A list may name a million.
_MAX_HOSTS = 100
# The circuit breaker needs at least this many settled items: the first items of a list may not be representative.
MIN_JUDGED_ITEMS = 100
# A finished job counts as a possible writer for this many more lease periods: a suspended worker may not know yet that
# it lost its chunk.
_LEASES_UNDER_WAY = 3
# Maximum lost workers that do not count as attempts of a chunk, because it was not in their model.
_MAX_EXCUSED = 10
# TTL of the record of the chunks in a worker's model. Without a record, its loss counts for all its chunks.
_IN_MODEL_TTL_SECONDS = 3600


@dataclass(frozen=True)
class Claim:
    """One chunk that one worker holds under a lease. `version` increases with each submission.

    Nothing of a preflight is stored. `contested`: an older submission may still write to the collection.
    """

    job_id: str
    chunk: int
    token: str
    items: Sequence[Item]
    attempts: int
    version: int
    collection: str
    more_waiting: bool
    preflight: bool
    contested: bool
    request_id: str = ""

    @property
    def is_suspect(self) -> bool:
        """Whether an earlier worker was lost with this chunk in its model."""
        return self.attempts > 1

    @property
    def log_name(self) -> str:
        """What log lines call the chunk."""
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"Job {self.job_id}, chunk {self.chunk}{request}"

    @property
    def member(self) -> str:
        """The lease's name in Redis."""
        return f"{self.job_id} {self.chunk} {self.token}"


class IngestLedger:
    """Every step is atomic and may be repeated. Every method raises RedisError."""

    def __init__(self, connection: "redis.Redis", settings: Settings) -> None:
        self._redis = connection
        self._settings = settings
        # Part of each token, which identifies the claims of this process.
        self._process = secrets.token_hex(4)
        self._claim = scripts.script(connection, "claim")
        self._extend = scripts.script(connection, "extend")
        self._release = scripts.script(connection, "release")
        self._split = scripts.script(connection, "split")
        self._settle = scripts.script(connection, "settle")
        self._finish = scripts.finish(connection)

    def submission(self, collection: str) -> Submission:
        """Begin a job."""
        return Submission(self._redis, self._settings, collection)

    def claim(self, exclude_jobs: Collection[str] = ()) -> Claim | None:
        """Claim the next chunk; None if no chunk waits. New chunks of the jobs `exclude_jobs` are skipped."""
        token = f"{self._process}-{secrets.token_hex(4)}"
        lease = round(self._settings.lease_seconds * 1000)
        found = self._claim(
            keys=[keys.LEASES, keys.ACTIVE],
            args=[keys.PREFIX, token, lease, keys.CHANGES, lease * _LEASES_UNDER_WAY, _MAX_EXCUSED, *exclude_jobs],
        )
        if not found:
            return None
        job, chunk, payload, attempts, version, collection, more, preflight, contested, request_id = found
        return Claim(
            job_id=job.decode(),
            chunk=int(chunk),
            token=token,
            items=unpack_items(payload),
            attempts=int(attempts),
            version=int(version),
            collection=collection.decode(),
            more_waiting=bool(more),
            preflight=bool(preflight),
            contested=bool(contested),
            request_id=request_id.decode(),
        )

    def extend(self, claims: Sequence[Claim], under_way: Mapping[str, int] = MappingProxyType({})) -> list[Claim]:
        """Extend these leases. Return the claims that are still held and whose jobs have not ended.

        `under_way` has the number of items that are downloaded, by the claim's `member`.
        """
        if not claims:
            return []
        lease = round(self._settings.lease_seconds * 1000)
        members = [part for claim in claims for part in (claim.member, under_way.get(claim.member, 0))]
        found = self._extend(keys=[keys.LEASES], args=[keys.PREFIX, lease, keys.CHANGES, *members])
        held = {member.decode() for member in found}
        return [claim for claim in claims if claim.member in held]

    def record_in_model(self, suspect: Claim | None) -> None:
        """Record what this process runs through its model from now on: one suspect alone, or (None) its healthy chunks.
        If the process is lost, the attempt counts only for those. Raises RedisError.

        If a worker never calls this, its loss counts for all of its chunks.
        """
        chunk = f"{suspect.job_id} {suspect.chunk}" if suspect else "healthy"
        self._redis.set(keys.in_model(self._process), chunk, ex=_IN_MODEL_TTL_SECONDS)

    def release(self, claim: Claim) -> None:
        """Return a chunk unfinished; its attempt does not count. A chunk of a job that has ended is dropped."""
        self._release(keys=self._keys(claim), args=[claim.job_id, claim.chunk, claim.token])

    def split(self, claim: Claim) -> None:
        """Replace a chunk that repeatedly loses its worker by two halves."""
        middle = len(claim.items) // 2
        halves = pack_items(claim.items[:middle]), pack_items(claim.items[middle:])
        inherited = self._settings.chunk_attempts - 1
        self._split(keys=self._keys(claim), args=[claim.job_id, claim.chunk, claim.token, *halves, inherited])

    def settle(self, claim: Claim, outcome: Outcome) -> bool:
        """Count a chunk's items, even if its job was cancelled meanwhile. False if another call has counted them
        already.
        """
        failed = len(outcome.failures)
        seconds = [outcome.stage_seconds.get(stage, 0.0) for stage in ("fetch", "decode", "encode", "write")]
        settled = self._settle(
            keys=[*self._keys(claim), keys.failures(claim.job_id), keys.collection_stats(claim.collection)],
            args=[
                *(claim.job_id, claim.chunk, claim.token),
                *(outcome.stored, outcome.unchanged, failed, outcome.bytes, *seconds),
                pack_failures(outcome.failures) if failed else b"",
                self._settings.max_kept_failures,
                self._settings.ingest_retention_seconds,
                keys.CHANGES,
                keys.PREFIX,
                _MAX_HOSTS,
                MIN_JUDGED_ITEMS,
                "\n".join(f"{picture} {photo_id}" for photo_id, picture in outcome.pictures.items()),
                *_failure_counts(outcome.failures),
            ],
        )
        return bool(settled)

    def fail_job(self, job_id: str, code: str, detail: str) -> None:
        """End a job that cannot continue. Its unsettled items stay pending."""
        error = json.dumps({"code": code, "detail": detail})
        self._finish(job_id, "failed", field="error", value=error, retention=self._settings.ingest_retention_seconds)

    def has_work(self) -> bool:
        """Whether a chunk is waiting to be claimed or a lease has expired."""
        seconds, micros = self._redis.time()
        expired = self._redis.zcount(keys.LEASES, "-inf", seconds * 1000 + micros // 1000)
        return bool(expired or self._redis.llen(keys.ACTIVE))

    def failures(self, job_id: str, cursor: str, limit: int) -> tuple[list[Failure], str | None]:
        """A page of failed items, and the cursor of the next page or None. Cursors are `block-offset`.

        Raises NotFoundError for an unknown job, InvalidRequestError for a cursor of none of its pages.
        """
        if not self._redis.exists(keys.job(job_id)):
            raise NotFoundError(f"There is no job {job_id!r}; finished jobs are kept for a limited time.")
        block, offset = (int(part) for part in cursor.split("-"))
        page: list[Failure] = []
        is_ours = cursor == FIRST_FAILURES
        for raw in self._blocks(job_id, block):
            failures = unpack_failures(raw)[offset:]
            is_ours = is_ours or bool(failures)
            if not is_ours:
                break
            room = limit - len(page)
            page.extend(failures[:room])
            if len(failures) > room:
                return page, f"{block}-{offset + room}"
            block, offset = block + 1, 0
        if not is_ours:
            reason = f"`cursor` must be a `next_cursor` of the failed items of job {job_id}."
            raise InvalidRequestError(reason, [Fault(reason, parameter="cursor")])
        return page, None

    def failed_items(self, job_id: str, code: str | None) -> Iterator[Item]:
        """The failed items of a job, all or those with one code, as they were submitted, without the bad rows
        of the list, which were never attempted."""
        for raw in self._blocks(job_id, 0):
            yield from (
                failure.item for failure in unpack_failures(raw) if failure.attempts and code in (None, failure.code)
            )

    def _blocks(self, job_id: str, first: int) -> Iterator[bytes]:
        for index in range(first, self._redis.llen(keys.failures(job_id))):
            raw = cast(bytes | None, self._redis.lindex(keys.failures(job_id), index))
            if raw is not None:
                yield raw

    def _keys(self, claim: Claim) -> list[str]:
        job = claim.job_id
        return [keys.LEASES, keys.ACTIVE, keys.job(job), keys.chunks(job), keys.waiting(job), keys.attempts(job)]


def _failure_counts(failures: Sequence[Failure]) -> Iterator[Any]:
    """Fields of the job and their increments, alternating."""
    codes = Counter(f"code:{failure.code}" for failure in failures)
    hosts = Counter(f"host:{failure.host}" for failure in failures)
    for field, count in (codes + hosts).items():
        yield field
        yield count
