"""A job on its way in: its items are staged chunk by chunk, and become visible all at once."""

import secrets
from collections.abc import Sequence
from typing import Any, cast

import redis

from shared.domain.items import Item, pack_items, unpack_items
from shared.errors import InvalidRequestError, UnavailableError
from shared.ledger import keys, scripts
from shared.settings import Settings


class Submission:
    """Items of a job to be, invisible until `submit`; what is staged expires if the upload is abandoned."""

    def __init__(self, connection: "redis.Redis", settings: Settings, collection: str) -> None:
        self.job_id = secrets.token_hex(10)
        self.total = 0
        self._redis = connection
        self._settings = settings
        self._collection = collection
        self._chunks = 0
        self._submit = scripts.script(connection, "submit")

    def stage(self, items: Sequence[Item]) -> None:
        """Write one chunk."""
        names = keys.chunks(self.job_id), keys.waiting(self.job_id)
        with self._redis.pipeline() as pipeline:
            pipeline.hset(names[0], str(self._chunks), pack_items(items))
            pipeline.rpush(names[1], self._chunks)
            for name in names:
                pipeline.expire(name, self._settings.staging_seconds)
            pipeline.execute()
        self._chunks += 1
        self.total += len(items)

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
    ) -> str:
        """Make the job visible, all at once, and return its id.

        `parent` is the job that this one retries; a job over whose items more than `max_failed_ratio` fail is paused;
        `preflight_of` makes it a trial, which stores nothing, over a sample of so many items. If the same request came
        with the same key before, that one's job id is returned and this submission is not needed.

        Raises InvalidRequestError if another request came with the key, UnavailableError if the upload took so long
        that its first items are gone.
        """
        job, collection = self.job_id, self._collection
        names = [keys.job(job), keys.chunks(job), keys.waiting(job), keys.jobs("ingest"), keys.ACTIVE, keys.SEQUENCE]
        names += [keys.writers(collection), keys.collection_stats(collection)]
        if idempotency_key is not None:
            names.append(keys.idempotency(idempotency_key))
        fields = {"parent": parent, "max_failed_ratio": max_failed_ratio, "preflight_of": preflight_of}
        given: list[Any] = [part for field, value in fields.items() if value is not None for part in (field, value)]
        remember = self._settings.idempotency_seconds
        arguments = [job, collection, self.total, keys.CHANGES, fingerprint, remember, *given]
        found = self._submit(keys=names, args=arguments).decode()
        if found == "expired":
            raise UnavailableError("The upload took too long and its first items were dropped; send it again.")
        if found == "another":
            raise InvalidRequestError("This Idempotency-Key came with another request before; use a new key.")
        return str(found)

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._redis.delete(keys.chunks(self.job_id), keys.waiting(self.job_id))
