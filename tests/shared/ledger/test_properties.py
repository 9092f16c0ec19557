"""Random interleavings of everything that happens to ingest jobs never break the ledger's invariants.

The model beside it is a handful of Python sets; the ledger is the real one, in a real Redis.
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from shared.domain.items import Failure, Item, Outcome, unpack_items
from shared.domain.job import FINAL
from shared.errors import ConflictError
from shared.ledger import keys
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs


@dataclass
class Expected:
    """What must be true of a job, whatever happened."""

    ids: frozenset[str]
    status: str = "queued"
    outcomes: dict[str, str] = field(default_factory=dict)
    """How each settled item ended; an item ends once."""


class LedgerMachine(RuleBasedStateMachine):
    """Clients submit, cancel, pause, resume and retry; workers claim, settle, release, split, and die."""

    jobs = Bundle("jobs")
    claims = Bundle("claims")

    def __init__(self, connection, settings) -> None:
        super().__init__()
        self.redis = connection
        self.redis.flushall()
        self.ledger = IngestLedger(connection, settings)
        self.api = Jobs(connection, settings)
        self.expected: dict[str, Expected] = {}
        self.open_chunks: dict[tuple[str, int], frozenset[str]] = {}
        self.versions: list[int] = []

    @rule(target=jobs, sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4))
    def submit(self, sizes):
        return self._submit([[f"{chunk}/{n}" for n in range(size)] for chunk, size in enumerate(sizes)])

    @rule(chunk=st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True))
    def abandon(self, chunk):
        submission = self.ledger.submission("photos")
        submission.stage([Item(str(n), "http://h/", {}) for n in chunk])
        submission.abandon()

    @rule(target=claims)
    def claim(self):
        claim = self.ledger.claim()
        workable = {job for job, expected in self.expected.items() if expected.status in ("queued", "running")}
        if claim is None:
            # Nothing waits: each chunk of a workable job is in somebody's hands.
            held = {self._chunk(lease) for lease in self.redis.zrange(keys.LEASES, 0, -1)}
            assert {chunk for chunk in self.open_chunks if chunk[0] in workable} <= held
            return multiple()
        assert claim.job_id in workable
        expected = self.expected[claim.job_id]
        expected.status = "running"
        ids = {item.id for item in claim.items}
        assert ids == self.open_chunks[claim.job_id, claim.chunk]
        assert not ids & expected.outcomes.keys(), "an item that has ended is not handed out again"
        return claim

    @rule(claim=claims, failing=st.sets(st.integers(0, 3)), unchanged=st.booleans())
    def settle(self, claim, failing, unchanged):
        """Also a second time, after the lease was lost, or after the job was cancelled: a chunk that was in a worker's
        hands then still counts."""
        failures = [Failure(item, "http_404", "x", 1) for n, item in enumerate(claim.items) if n in failing]
        fine = len(claim.items) - len(failures)
        counts = (0, fine) if unchanged else (fine, 0)
        did = self.ledger.settle(claim, Outcome(*counts, failures, 1, {}))
        chunk = (claim.job_id, claim.chunk)
        assert did == (chunk in self.open_chunks), "a chunk is settled exactly once"
        if did:
            expected = self.expected[claim.job_id]
            failed = {failure.item.id for failure in failures}
            for photo_id in self.open_chunks.pop(chunk):
                expected.outcomes[photo_id] = "failed" if photo_id in failed else "unchanged" if unchanged else "stored"
            if expected.outcomes.keys() == expected.ids and expected.status not in FINAL:
                expected.status = "succeeded"

    @rule(claim=claims)
    def release(self, claim):
        is_held = self.redis.zscore(keys.LEASES, claim.member) is not None
        self.ledger.release(claim)
        if is_held and self.expected[claim.job_id].status in FINAL:
            self.open_chunks.pop((claim.job_id, claim.chunk), None)

    @rule(claim=claims)
    def renew(self, claim):
        self.ledger.extend([claim])

    @rule(claim=claims, meanwhile=st.sampled_from(["nothing", "pause", "cancel"]))
    def expire(self, claim, meanwhile):
        """A worker dies, its lease runs out, and perhaps somebody stops the job before that is noticed."""
        self.redis.zadd(keys.LEASES, {claim.member: 1}, xx=True)
        if meanwhile != "nothing":
            getattr(self, meanwhile)(claim.job_id)

    @rule(claim=claims)
    def split(self, claim):
        if len(claim.items) < 2:
            return
        self.ledger.split(claim)
        was_open = self.open_chunks.pop((claim.job_id, claim.chunk), None) is not None
        if was_open and self.expected[claim.job_id].status not in FINAL:
            self._note_chunks(claim.job_id)

    @rule(job=jobs)
    def cancel(self, job):
        had_ended = self.expected[job].status in FINAL
        held = {self._chunk(lease) for lease in self.redis.zrange(keys.LEASES, 0, -1)}
        self._control(job, self.api.cancel, "cancelled", from_=("queued", "running", "paused"))
        if not had_ended:
            for chunk in [chunk for chunk in self.open_chunks if chunk[0] == job and chunk not in held]:
                del self.open_chunks[chunk]

    @rule(job=jobs)
    def pause(self, job):
        self._control(job, self.api.pause, "paused", from_=("queued", "running"))

    @rule(job=jobs)
    def resume(self, job):
        began = self.api.get(job).started is not None
        self._control(job, self.api.resume, "running" if began else "queued", from_=("paused",))

    @rule(target=jobs, job=jobs)
    def retry(self, job):
        failed = [item.id for item in self.ledger.failed_items(job, None)]
        outcomes = self.expected[job].outcomes
        assert sorted(failed) == sorted(photo_id for photo_id, how in outcomes.items() if how == "failed")
        return self._submit([failed], parent=job) if failed else multiple()

    @invariant()
    def counts_add_up_and_are_true(self):
        for job_id, expected in self.expected.items():
            job = self.api.get(job_id)
            ended = list(expected.outcomes.values())
            assert job.status == expected.status
            assert {how: getattr(job, how) for how in ("stored", "failed", "unchanged")} == {
                how: ended.count(how) for how in ("stored", "failed", "unchanged")
            }
            assert job.pending == len(expected.ids) - len(ended) >= 0
            assert job.failed_by_code.get("http_404", 0) == job.failed

    @invariant()
    def what_is_still_to_come_is_known_for_the_collection(self):
        unended = [job for job, expected in self.expected.items() if expected.status not in FINAL]
        coming = sum(len(self.expected[job].ids - self.expected[job].outcomes.keys()) for job in unended)
        assert int(self.redis.hget(keys.collection_stats("photos"), "pending") or 0) == coming

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
        held = {self._chunk(lease) for lease in self.redis.zrange(keys.LEASES, 0, -1)}
        for chunk in self.open_chunks:
            if self.expected[chunk[0]].status in FINAL:
                continue
            assert (chunk in waiting) + (chunk in held) >= 1, "no chunk is lost"
            assert waiting.get(chunk, 0) <= 1, "no chunk waits twice"

    @invariant()
    def work_that_waits_is_seen(self):
        """Else nobody would ever be rung for it."""
        waits = any(
            self.redis.llen(keys.waiting(job)) for job, e in self.expected.items() if e.status in ("queued", "running")
        )
        assert not waits or self.ledger.has_work()

    def teardown(self):
        """However it went: resume what is paused and let workers go on; every job ends."""
        for job_id, expected in self.expected.items():
            if expected.status == "paused":
                self.api.resume(job_id)
        for lease in self.redis.zrange(keys.LEASES, 0, -1):
            self.redis.zadd(keys.LEASES, {lease: 1})
        while claim := self.ledger.claim():
            self.ledger.settle(claim, Outcome(len(claim.items), 0, [], 0, {}))
        for job_id in self.expected:
            job = self.api.get(job_id)
            assert job.status in FINAL
            assert job.status != "succeeded" or job.pending == 0
        left = {key.decode() for key in self.redis.scan_iter()}
        kept = {
            keys.SEQUENCE,
            keys.jobs("ingest"),
            keys.writers("photos"),
            keys.collection_stats("photos"),
            keys.LEASES,
        }
        kept |= {key(job) for job in self.expected for key in (keys.job, keys.failures)}
        kept |= {keys.chunks(job) for job, expected in self.expected.items() if expected.status == "cancelled"}
        assert left <= kept

    def _submit(self, chunks: list[list[str]], parent: str | None = None) -> str:
        submission = self.ledger.submission("photos")
        for ids in chunks:
            submission.stage([Item(photo_id, "http://h/", {}) for photo_id in ids])
        job_id = submission.submit(parent=parent)
        self.expected[job_id] = Expected(frozenset(photo_id for ids in chunks for photo_id in ids))
        self._note_chunks(job_id)
        version = int(self.redis.hget(keys.job(job_id), "version"))
        assert all(version > earlier for earlier in self.versions)
        self.versions.append(version)
        return job_id

    def _note_chunks(self, job_id: str) -> None:
        """Look at what is kept; the ids of a job's open chunks are together what has not ended."""
        for chunk, payload in self.redis.hgetall(keys.chunks(job_id)).items():
            self.open_chunks[job_id, int(chunk)] = frozenset(item.id for item in unpack_items(payload))
        ids = [photo_id for (job, _), chunk in self.open_chunks.items() if job == job_id for photo_id in chunk]
        assert sorted(ids) == sorted(self.expected[job_id].ids - self.expected[job_id].outcomes.keys())

    def _control(self, job: str, call, then: str, from_: tuple[str, ...]) -> None:
        expected = self.expected[job]
        if expected.status in FINAL and expected.status != then:
            with pytest.raises(ConflictError):
                call(job)
            return
        assert call(job).id == job
        if expected.status in from_:
            expected.status = then

    @staticmethod
    def _chunk(lease: bytes) -> tuple[str, int]:
        job, chunk, _ = lease.decode().split()
        return job, int(chunk)


def test_no_interleaving_breaks_the_invariants(connection, settings):
    run_state_machine_as_test(lambda: LedgerMachine(connection, settings), settings=_EXAMPLES)


_EXAMPLES = settings(
    max_examples=80, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=False
)
