"""Invariants of the ledger of ingest jobs: a model of Python sets that runs in parallel to the real ledger."""

from dataclasses import dataclass, field

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant

from shared.domain.callback import EVENTS, Callback
from shared.domain.items import Item, Outcome, unpack_items
from shared.domain.job import FINAL
from shared.errors import ConflictError
from shared.ledger import keys
from shared.ledger.commands import CommandLedger
from shared.ledger.deliveries import DeliveryLedger, Next
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from tests.due_webhooks import let_time_pass

# The circuit breaker judges from this many items on, here: jobs of the machine are small.
JUDGED_ITEMS = 3
CALLBACK = Callback("http://h/hook", "http://h:80")


@dataclass
class Expected:
    """What must be true of a job."""

    ids: frozenset[str]
    version: int
    status: str = "queued"
    is_preflight: bool = False
    max_failed_ratio: float | None = None
    outcomes: dict[str, str] = field(default_factory=dict)
    """How each settled item ended; an item ends once."""
    forgiven: tuple[int, int] = (0, 0)
    """Settled and failed items at the last resume: the breaker does not count them."""
    is_tripped: bool = False
    events: list[str] | None = None
    """What its callback is to report so far; None without a callback."""
    may_write: bool = True
    """Whether rows of the job may still be on their way: it has not ended long ago."""

    def become(self, status: str) -> None:
        if self.events is not None and status != self.status and status in EVENTS:
            self.events.append(status)
        self.status = status

    def count(self, outcome: str) -> int:
        return list(self.outcomes.values()).count(outcome)

    def trips(self) -> bool:
        judged = len(self.outcomes) - self.forgiven[0]
        return self.status == "running" and judged >= JUDGED_ITEMS and self.is_over()

    def is_over(self) -> bool:
        """Whether too many items failed since the start or the last resume."""
        judged, failed = len(self.outcomes) - self.forgiven[0], self.count("failed") - self.forgiven[1]
        return self.max_failed_ratio is not None and failed > self.max_failed_ratio * judged


class LedgerModel(RuleBasedStateMachine):
    """Keeps what the rules did, and holds the ledger to it after each of them."""

    def __init__(self, connection, settings) -> None:
        super().__init__()
        self.redis = connection
        self.redis.flushall()
        self.ledger = IngestLedger(connection, settings)
        self.deletions = CommandLedger(connection, settings, "delete")
        self.deliveries = DeliveryLedger(connection, settings)
        self.delivered: list[str] = []
        """The ids of the webhooks that a receiver accepted."""
        self.api = Jobs(connection, settings)
        self.expected: dict[str, Expected] = {}
        self.open_chunks: dict[tuple[str, int], frozenset[str]] = {}
        self.requests: dict[str, tuple[str, str]] = {}
        """Fingerprint and job of each idempotency key."""
        self.deletion_versions: dict[str, int] = {}
        """Of deletions that may still write."""
        self.carried_out: list[str] = []

    @invariant()
    def counts_add_up_and_are_true(self):
        for job_id, expected in self.expected.items():
            job = self.api.get(job_id)
            assert job.status == expected.status
            for outcome in ("stored", "failed", "unchanged"):
                assert getattr(job, outcome) == expected.count(outcome)
            assert job.pending == len(expected.ids) - len(expected.outcomes) >= 0
            assert job.failed_by_code.get("http_404", 0) == job.failed_by_host.get("h", 0) == job.failed
            wanted = "model_mismatch" if job.status == "failed" else None
            if expected.is_tripped and job.status in ("paused", "failed"):
                wanted = "too_many_failures"
            assert (job.error or {}).get("code") == wanted

    @invariant()
    def the_collection_counts_its_pending_items(self):
        counted = [e for e in self.expected.values() if e.status not in FINAL and not e.is_preflight]
        pending = sum(len(expected.ids - expected.outcomes.keys()) for expected in counted)
        assert int(self.redis.hget(keys.collection_stats("photos"), "pending") or 0) == pending

    @invariant()
    def every_open_chunk_is_waiting_or_held_and_nothing_else_is_kept(self):
        waiting: dict[tuple[str, int], int] = {}
        for job_id, expected in self.expected.items():
            chunks = {int(chunk) for chunk in self.redis.hkeys(keys.chunks(job_id))}
            assert chunks == {chunk for job, chunk in self.open_chunks if job == job_id}
            for raw in self.redis.lrange(keys.waiting(job_id), 0, -1):
                waiting[job_id, int(raw)] = waiting.get((job_id, int(raw)), 0) + 1
            if expected.status in FINAL:
                assert not self.redis.exists(keys.waiting(job_id), keys.attempts(job_id))
                assert not chunks or self.redis.ttl(keys.chunks(job_id)) > 0
                assert self.redis.ttl(keys.job(job_id)) > 0
        held = self._held()
        for chunk in self.open_chunks:
            if self.expected[chunk[0]].status in FINAL:
                continue
            assert (chunk in waiting) + (chunk in held) >= 1, "no chunk is lost"
            assert waiting.get(chunk, 0) <= 1, "no chunk waits twice"

    @invariant()
    def each_event_has_one_webhook_which_waits_until_it_is_delivered(self):
        waiting = 0
        for job_id, expected in self.expected.items():
            found = self.deliveries.of_job(job_id)
            assert [delivery.event for delivery in found] == (expected.events or [])
            assert [delivery.id for delivery in found] == [f"msg_{job_id}_{n + 1}" for n in range(len(found))]
            for delivery in found:
                assert (delivery.status == "delivered") == (delivery.id in self.delivered)
                assert (delivery.status == "waiting") == (delivery.next_attempt_at is not None)
            waiting += sum(delivery.status == "waiting" for delivery in found)
        assert self.deliveries.waiting() == waiting

    @invariant()
    def waiting_work_is_seen(self):
        """Else no worker would be notified of it."""
        waits = any(
            self.redis.llen(keys.waiting(job)) for job, e in self.expected.items() if e.status in ("queued", "running")
        )
        assert not waits or self.ledger.has_work()

    def _resume_paused(self):
        for job_id in self.expected:
            if self.api.get(job_id).status == "paused":
                self.api.resume(job_id)

    def teardown(self):
        """Resume all paused jobs and let the workers continue: every job ends."""
        for lease in self.redis.zrange(keys.LEASES, 0, -1):
            self.redis.zadd(keys.LEASES, {lease: 1})
        self._resume_paused()
        while claim := self.ledger.claim():
            self.ledger.settle(claim, Outcome(len(claim.items), 0, [], 0, {}))
            # This may have been the item from which on the breaker judges earlier failures.
            self._resume_paused()
        self.deletions.complete(self.deletions.claim())
        let_time_pass(self.redis)
        while delivery := self.deliveries.claim():
            assert self.deliveries.settle(delivery, None, Next("delivered"))
            self.delivered.append(delivery.message_id)
        for job_id, expected in self.expected.items():
            job = self.api.get(job_id)
            sent = self.deliveries.of_job(job_id)
            assert {delivery.status for delivery in sent} <= {"delivered"}
            assert expected.events is None or sent[-1].event == job.status
            assert job.status in FINAL
            assert job.status != "succeeded" or job.pending == 0
        left = {key.decode() for key in self.redis.scan_iter()}
        kept = {keys.SEQUENCE, keys.LEASES, keys.jobs("ingest"), keys.jobs("delete"), keys.command_bell("delete")}
        kept |= {keys.writers("photos"), keys.collection_stats("photos"), *map(keys.idempotency, self.requests)}
        kept |= {key(job) for job in self.expected for key in (keys.job, keys.failures)}
        kept |= {keys.chunks(job) for job, e in self.expected.items() if e.status in ("cancelled", "failed")}
        kept |= {keys.job(job) for job in (*self.carried_out, *self.deletion_versions)}
        kept |= {keys.DELIVERIES_WAITING, keys.DELIVERY_BELL, *map(keys.deliveries, self.expected)}
        assert left <= kept

    def _stage(self, chunks: list[list[str]]):
        submission = self.ledger.submission("photos")
        for ids in chunks:
            submission.stage([Item(photo_id, "http://h/", {}) for photo_id in ids])
        return submission

    def _submit(self, chunks: list[list[str]], *idempotency: str, **options) -> str:
        job_id = self._stage(chunks).submit(*idempotency, **options)
        ids = frozenset(photo_id for chunk in chunks for photo_id in chunk)
        self.expected[job_id] = Expected(
            ids,
            self._note_version(job_id),
            is_preflight=options.get("preflight_of") is not None,
            max_failed_ratio=options.get("max_failed_ratio"),
            events=[] if options.get("callback") else None,
        )
        self._note_chunks(job_id)
        return job_id

    def _note_version(self, job_id: str) -> int:
        version = int(self.redis.hget(keys.job(job_id), "version"))
        earlier = [expected.version for expected in self.expected.values()] + list(self.deletion_versions.values())
        assert all(version > other for other in earlier)
        return version

    def _note_chunks(self, job_id: str) -> None:
        """Read what is kept; the ids of a job's open chunks are together what has not been settled."""
        for chunk, payload in self.redis.hgetall(keys.chunks(job_id)).items():
            self.open_chunks[job_id, int(chunk)] = frozenset(item.id for item in unpack_items(payload))
        ids = [photo_id for (job, _), chunk in self.open_chunks.items() if job == job_id for photo_id in chunk]
        assert sorted(ids) == sorted(self.expected[job_id].ids - self.expected[job_id].outcomes.keys())

    def _is_contested(self, version: int) -> bool:
        """Whether an older submission or deletion may still write."""
        writers = [expected.version for expected in self.expected.values() if expected.may_write]
        return any(other < version for other in (*writers, *self.deletion_versions.values()))

    def _end_long_ago(self, job_id: str) -> None:
        self.redis.hset(keys.job(job_id), "finished", 1)

    def _end(self, job: str, status: str, call) -> None:
        """Claimed chunks stay open until they are settled or released; those that waited are gone."""
        had_ended, held = self.expected[job].status in FINAL, self._held()
        call()
        if not had_ended:
            self.expected[job].become(status)
            # The reason of this end counts, not that of an earlier pause.
            self.expected[job].is_tripped = False
            for chunk in [chunk for chunk in self.open_chunks if chunk[0] == job and chunk not in held]:
                del self.open_chunks[chunk]

    def _control(self, job: str, call, then: str, from_: tuple[str, ...]) -> None:
        expected = self.expected[job]
        if expected.status in FINAL and expected.status != then:
            with pytest.raises(ConflictError):
                call(job)
            return
        assert call(job).id == job
        if expected.status in from_:
            expected.become(then)

    def _held(self) -> set[tuple[str, int]]:
        return {self._chunk(lease) for lease in self.redis.zrange(keys.LEASES, 0, -1)}

    @staticmethod
    def _chunk(lease: bytes) -> tuple[str, int]:
        job, chunk, _ = lease.decode().split()
        return job, int(chunk)
