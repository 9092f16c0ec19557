"""A future job: its items are staged chunk by chunk and become visible in one step."""

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Self, cast

import redis

from shared.domain.callback import Callback
from shared.domain.items import Failure, Item, pack_items, unpack_items
from shared.domain.job_labels import JobLabels
from shared.errors import Fault, InvalidRequestError, UnavailableError
from shared.ledger import keys, scripts
from shared.ledger.callback_fields import callback_fields
from shared.ledger.failure_blocks import pack_failures
from shared.ledger.job_fields import NO_LABELS, label_fields, present_fields
from shared.settings import Settings


class Submission:
    """Staged items, invisible until `submit`. They expire if the process dies.

    As a context manager it abandons what was staged unless `submit` made it a job:

        with ledger.submission(collection) as staged:
            staged.stage(items)
            job_id = staged.submit()
    """

    def __init__(self, connection: "redis.Redis", settings: Settings, collection: str) -> None:
        self.job_id = secrets.token_hex(10)
        self.total = 0
        self._refused_by_code: Counter[str] = Counter()
        self._redis = connection
        self._settings = settings
        self._collection = collection
        self._chunks = 0
        self._is_kept = False
        self._on_abandon: list[Callable[[], None]] = []
        self._submit = scripts.script(connection, "submit")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_kept:
            self.abandon()

    def on_abandon(self, discard: Callable[[], None]) -> None:
        """Call `discard` when the submission is abandoned: it deletes other data of the items."""
        self._on_abandon.append(discard)

    def stage(self, items: Sequence[Item]) -> None:
        """Write one chunk."""
        names = keys.chunks(self.job_id), keys.waiting(self.job_id)
        with self._redis.pipeline() as pipeline:
            pipeline.hset(names[0], str(self._chunks), pack_items(items))
            pipeline.rpush(names[1], self._chunks)
            for name in names:
                pipeline.expire(name, self._settings.staging_seconds)
            if self.refused:
                pipeline.expire(keys.failures(self.job_id), self._settings.staging_seconds)
            pipeline.execute()
        self._chunks += 1
        self.total += len(items)

    def refuse(self, failures: Sequence[Failure]) -> None:
        """Write items that will never be attempted: the job counts them as failed from its beginning."""
        codes = Counter(failure.code for failure in failures)
        self._refused_by_code.update(codes)
        if self.refused > self._settings.max_kept_failures:
            return
        name = keys.failures(self.job_id)
        with self._redis.pipeline() as pipeline:
            pipeline.rpush(name, pack_failures(failures))
            pipeline.expire(name, self._settings.staging_seconds)
            pipeline.execute()

    @property
    def refused(self) -> int:
        """The number of items that were refused."""
        return self._refused_by_code.total()

    def staged(self, chunk: int) -> Sequence[Item]:
        """Read a staged chunk back."""
        payload = cast(bytes | None, self._redis.hget(keys.chunks(self.job_id), str(chunk)))
        return unpack_items(payload) if payload else ()

    def submit(
        self,
        idempotency_key: str | None = None,
        fingerprint: str = "",
        *,
        parent: str | None = None,
        max_failed_ratio: float | None = None,
        preflight_of: int | None = None,
        labels: JobLabels = NO_LABELS,
        callback: Callback | None = None,
    ) -> str:
        """Make the job visible in one step and return its id.

        `parent` is the job that this one retries. The job is paused when more than `max_failed_ratio` of its items
        fail. `preflight_of` makes it a preflight, which stores nothing; it is the number of items of the whole list.
        If the same request was submitted with the same key before, returns the id of that job and drops this one.

        Raises InvalidRequestError if the key was used for another request, UnavailableError if the first staged items
        have expired or the collection is being deleted.
        """
        job, collection = self.job_id, self._collection
        names = [keys.job(job), keys.chunks(job), keys.waiting(job), keys.jobs("ingest"), keys.ACTIVE, keys.SEQUENCE]
        names += [keys.writers(collection), keys.collection_stats(collection), keys.failures(job)]
        if idempotency_key is not None:
            names.append(keys.idempotency(idempotency_key))
        fields: dict[str, Any] = {"parent": parent, "max_failed_ratio": max_failed_ratio, "preflight_of": preflight_of}
        labelled = {**label_fields(labels), **callback_fields(callback)}
        given = present_fields({**fields, **labelled, **self._refused_fields()})
        remember = self._settings.idempotency_seconds
        arguments = [job, collection, self.total, keys.CHANGES, fingerprint, remember, *given]
        # After a RedisError the job may be visible nevertheless. If not, the staged items expire.
        self._is_kept = True
        found = self._submit(keys=names, args=arguments).decode()
        self._is_kept = found == job
        if found == "expired":
            raise UnavailableError("The upload took too long and its first items were dropped; send it again.")
        if found == "deleting":
            raise UnavailableError(f"Collection {collection!r} is being deleted; try again when that job has ended.")
        if found == "another":
            reason = "This Idempotency-Key came with another request before; use a new key."
            raise InvalidRequestError(reason, [Fault(reason, parameter="Idempotency-Key")])
        return str(found)

    def _refused_fields(self) -> dict[str, Any]:
        """The job's counts with the refused items, which its `max_failed_ratio` does not judge."""
        refused = self.refused
        if not refused:
            return {}
        counts = {"total": self.total + refused, "failed": refused, "forgiven": refused, "forgiven_failed": refused}
        codes = {f"code:{code}": count for code, count in self._refused_by_code.items()}
        return {**counts, **codes, "host:": refused}

    def abandon(self) -> None:
        """Delete the staged items and call the `on_abandon` callbacks. If Redis is unavailable, the items expire."""
        for discard in self._on_abandon:
            discard()
        with suppress(redis.RedisError):
            self._redis.delete(keys.chunks(self.job_id), keys.waiting(self.job_id), keys.failures(self.job_id))
