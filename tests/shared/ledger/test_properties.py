"""No random interleaving of everything that happens to ingest jobs breaks the ledger's invariants."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, multiple, rule, run_state_machine_as_test

from shared.domain.items import Failure, Outcome
from shared.domain.job import FINAL
from shared.errors import InvalidRequestError
from shared.ledger import ingest, keys
from shared.ledger.deliveries import Next
from shared.ledger.ingest import Claim
from tests.due_webhooks import let_time_pass
from tests.shared.ledger.ledger_model import CALLBACK, JUDGED_ITEMS, LedgerModel

_SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=4)
_LARGE = st.lists(st.integers(3, 4), min_size=3, max_size=4)


class LedgerMachine(LedgerModel):
    """Clients submit, delete, cancel, pause, resume and retry; workers claim, settle, release, split, fail, and die;
    receivers accept webhooks."""

    jobs = Bundle("jobs")
    claims = Bundle("claims")
    sendings = Bundle("sendings")

    @rule(
        target=jobs,
        sizes=_SIZES,
        ratio=st.sampled_from([None, 0.0, 0.5]),
        is_preflight=st.booleans(),
        callback=st.sampled_from([None, CALLBACK]),
    )
    def submit(self, sizes, ratio, is_preflight, callback):
        listed = 1000 if is_preflight else None
        return self._submit(_chunks(sizes), max_failed_ratio=ratio, preflight_of=listed, callback=callback)

    @rule(target=jobs, sizes=_SIZES, key=st.sampled_from("kl"), fingerprint=st.sampled_from("fg"))
    def submit_with_key(self, sizes, key, fingerprint):
        """The first request with a key makes a job, the same request again finds it, another one is refused."""
        if key not in self.requests:
            job_id = self._submit(_chunks(sizes), key, fingerprint)
            self.requests[key] = fingerprint, job_id
            return job_id
        submission = self._stage(_chunks(sizes))
        known, job_id = self.requests[key]
        if fingerprint == known:
            assert submission.submit(key, fingerprint) == job_id
        else:
            with pytest.raises(InvalidRequestError):
                submission.submit(key, fingerprint)
        submission.abandon()
        return multiple()

    @rule(sizes=_SIZES)
    def abandon(self, sizes):
        self._stage(_chunks(sizes)).abandon()

    @rule()
    def delete_a_photo(self):
        job_id = self.deletions.enqueue("photos", "0/0")
        self.deletion_versions[job_id] = self._note_version(job_id)

    @rule()
    def carry_out_deletions_long_ago(self):
        for command in self.deletions.claim():
            self.deletions.complete([command])
            self._end_long_ago(command.job_id)
            del self.deletion_versions[command.job_id]
            self.carried_out.append(command.job_id)

    @initialize(target=jobs, sizes=_LARGE, ratio=st.sampled_from([0.0, 0.5]))
    def start_with_a_job(self, sizes, ratio):
        return self._submit(_chunks(sizes), max_failed_ratio=ratio, callback=CALLBACK)

    @rule(target=sendings)
    def claim_a_webhook(self):
        """A worker at most sends to the server."""
        sending = self.deliveries.claim()
        assert sending is None or sending.message_id not in self.delivered
        return multiple() if sending is None else sending

    @rule(sending=sendings, is_accepted=st.booleans())
    def send_a_webhook(self, sending, is_accepted):
        """Also a second time, or after the lease was lost."""
        waits = sending.message_id not in self.delivered
        did = self.deliveries.settle(sending, None, Next("delivered" if is_accepted else None))
        assert not did or waits, "a webhook is settled exactly once"
        if is_accepted and waits:
            assert did
            self.delivered.append(sending.message_id)

    @rule()
    def lose_a_sender(self):
        """Its claim expires, and every webhook is due."""
        let_time_pass(self.redis)

    @rule(failing=st.sets(st.integers(0, 3)), unchanged=st.booleans())
    def claim_and_settle(self, failing, unchanged):
        """Usually nothing happens in between."""
        claim = self.claim(set())
        if isinstance(claim, Claim):
            self.settle(claim, failing, unchanged)

    @rule(target=claims, excluded=st.one_of(st.just(set()), st.sets(st.integers(0, 5))))
    def claim(self, excluded):
        exclude_jobs = {job for number, job in enumerate(self.expected) if number in excluded}
        workable = {job for job, expected in self.expected.items() if expected.status in ("queued", "running")}
        expired = {self._chunk(lease) for lease in self.redis.zrangebyscore(keys.LEASES, "-inf", 1)}
        claim = self.ledger.claim(exclude_jobs)
        if claim is None:
            # Each chunk of a workable job, unless the job was excluded, is claimed under a lease.
            held = self._held()
            candidates = {chunk for chunk in self.open_chunks if chunk[0] in workable}
            assert {chunk for chunk in candidates if chunk[0] not in exclude_jobs} <= held
            assert not candidates & expired, "expired leases are claimed, also of excluded jobs"
            return multiple()
        assert claim.job_id in workable
        assert claim.job_id not in exclude_jobs or (claim.job_id, claim.chunk) in expired
        expected = self.expected[claim.job_id]
        expected.become("running")
        ids = {item.id for item in claim.items}
        assert ids == self.open_chunks[claim.job_id, claim.chunk]
        assert not ids & expected.outcomes.keys(), "a settled item is not given out again"
        assert (claim.version, claim.preflight) == (expected.version, expected.is_preflight)
        assert claim.contested == self._is_contested(expected.version)
        return claim

    @rule(claim=claims, failing=st.sets(st.integers(0, 3)), unchanged=st.booleans())
    def settle(self, claim, failing, unchanged):
        """Also a second time, after the lease was lost, or after the job was cancelled: a chunk that was claimed then
        still counts."""
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
                expected.is_tripped = expected.is_over() and not expected.is_preflight
                expected.become("failed" if expected.is_tripped else "succeeded")
            elif expected.trips():
                expected.become("paused")
                expected.is_tripped = True

    @rule(claim=claims)
    def release(self, claim):
        is_held = self.redis.zscore(keys.LEASES, claim.member) is not None
        self.ledger.release(claim)
        if is_held and self.expected[claim.job_id].status in FINAL:
            self.open_chunks.pop((claim.job_id, claim.chunk), None)

    @rule(claim=claims)
    def extend(self, claim):
        is_held = self.redis.zscore(keys.LEASES, claim.member) is not None
        goes_on = self.expected[claim.job_id].status not in ("cancelled", "failed")
        assert self.ledger.extend([claim]) == ([claim] if is_held and goes_on else [])

    @rule(claim=claims, meanwhile=st.sampled_from(["nothing", "pause", "cancel", "fail_job"]))
    def expire(self, claim, meanwhile):
        """A worker dies, its lease expires, and perhaps the job is stopped before the next claim."""
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
    def fail_job(self, job):
        """A worker finds that a job cannot continue, perhaps after it has ended."""
        self._end(job, "failed", lambda: self.ledger.fail_job(job, "model_mismatch", "another model"))

    @rule(job=jobs)
    def cancel(self, job):
        from_ = ("queued", "running", "paused")
        self._end(job, "cancelled", lambda: self._control(job, self.api.cancel, "cancelled", from_))

    @rule(job=jobs)
    def pause(self, job):
        self._control(job, self.api.pause, "paused", from_=("queued", "running"))

    @rule(job=jobs)
    def resume(self, job):
        expected, began = self.expected[job], self.api.get(job).started is not None
        if expected.status == "paused":
            expected.forgiven, expected.is_tripped = (len(expected.outcomes), expected.count("failed")), False
        self._control(job, self.api.resume, "running" if began else "queued", from_=("paused",))

    @rule(target=jobs, job=jobs)
    def retry(self, job):
        failed = [item.id for item in self.ledger.failed_items(job, None)]
        outcomes = self.expected[job].outcomes
        assert sorted(failed) == sorted(photo_id for photo_id, how in outcomes.items() if how == "failed")
        return self._submit([failed], parent=job) if failed else multiple()

    @rule(job=jobs)
    def let_time_pass_after_the_end(self, job):
        """Rows of a job that ended long ago are no longer on their way."""
        if self.expected[job].status in FINAL:
            self._end_long_ago(job)
            self.expected[job].may_write = False


def _chunks(sizes: list[int]) -> list[list[str]]:
    return [[f"{chunk}/{n}" for n in range(size)] for chunk, size in enumerate(sizes)]


@pytest.mark.slow
def test_no_interleaving_breaks_the_invariants(connection, settings, monkeypatch):
    """A failure prints `@reproduce_failure(…)`: put it above `machine` to run that story again."""
    monkeypatch.setattr(ingest, "MIN_JUDGED_ITEMS", JUDGED_ITEMS)

    def machine() -> LedgerMachine:
        return LedgerMachine(connection, settings)

    run_state_machine_as_test(machine, settings=_EXAMPLES)


_EXAMPLES = settings(
    max_examples=80,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=False,
    print_blob=True,
)
