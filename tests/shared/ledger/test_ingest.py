"""The ledger in a real Redis: nothing is counted twice, nothing is lost."""

import random
import threading

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from shared.domain.items import Failure, Item, Outcome
from shared.domain.queries import Query, Term
from shared.errors import ConflictError, NotFoundError, UnavailableError
from shared.ledger import keys
from shared.ledger.connection import connect
from shared.ledger.ingest import Claim, IngestLedger
from shared.ledger.jobs import Jobs
from shared.ledger.presence import Presence
from shared.ledger.search import SearchLedger
from shared.ledger.watcher import Watcher


@pytest.fixture
def ledger(connection, settings) -> IngestLedger:
    return IngestLedger(connection, settings)


def items(*ids: str) -> list[Item]:
    return [Item(photo_id, f"http://h/{photo_id}", {"n": 1}) for photo_id in ids]


def submit(ledger: IngestLedger, *chunks: list[Item]) -> str:
    submission = ledger.submission("photos")
    for chunk in chunks:
        submission.stage(chunk)
    submission.submit()
    return submission.job_id


def stored(claim: Claim) -> Outcome:
    return Outcome(len(claim.items), 0, [], 10, {"fetch": 0.5, "encode": 0.25})


def expire(connection, claim: Claim) -> None:
    """As if the worker had died and its lease had run out."""
    assert connection.zadd(keys.LEASES, {claim.member: 1}, xx=True, ch=True) == 1


def claimed(ledger: IngestLedger) -> Claim:
    claim = ledger.claim()
    assert claim is not None
    return claim


def settle_next(ledger: IngestLedger) -> bool:
    claim = claimed(ledger)
    return ledger.settle(claim, stored(claim))


def test_a_submission_is_invisible_until_it_is_whole(ledger, jobs, connection):
    submission = ledger.submission("photos")
    submission.stage(items("a", "b"))
    assert ledger.claim() is None
    with pytest.raises(NotFoundError):
        jobs.get(submission.job_id)
    submission.submit()
    job = jobs.get(submission.job_id)
    assert (job.status, job.total, job.pending) == ("queued", 2, 2)
    assert [item.id for item in claimed(ledger).items] == ["a", "b"]


def test_an_abandoned_submission_leaves_nothing_behind(ledger, connection):
    submission = ledger.submission("photos")
    submission.stage(items("a"))
    assert all(connection.ttl(key) > 0 for key in connection.scan_iter())
    submission.abandon()
    assert connection.keys() == []


def test_a_submission_whose_staged_items_expired_is_refused_whole(ledger, connection):
    submission = ledger.submission("photos")
    submission.stage(items("a"))
    connection.delete(keys.chunks(submission.job_id))
    with pytest.raises(UnavailableError, match="send it again"):
        submission.submit()
    assert not connection.exists(keys.job(submission.job_id))


def test_settling_all_chunks_ends_the_job_and_frees_its_payload(ledger, jobs, connection):
    job_id = submit(ledger, items("a", "b"), items("c"))
    for _ in range(2):
        assert settle_next(ledger)
    job = jobs.get(job_id)
    assert (job.status, job.stored, job.pending, job.bytes) == ("succeeded", 3, 0, 20)
    assert job.stage_seconds == {"fetch": 1.0, "decode": 0.0, "encode": 0.5, "write": 0.0}
    assert ledger.claim() is None
    left = {key.decode() for key in connection.scan_iter()}
    assert left == {
        keys.job(job_id),
        keys.jobs("ingest"),
        keys.SEQUENCE,
        keys.writers("photos"),
        keys.collection_stats("photos"),
    }
    assert connection.ttl(keys.job(job_id)) > 0


def test_a_chunk_is_counted_once_however_often_it_is_settled(ledger, jobs):
    job_id = submit(ledger, items("a", "b"), items("c"))
    claim = claimed(ledger)
    settled = []
    threads = [threading.Thread(target=lambda: settled.append(ledger.settle(claim, stored(claim)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(settled) == [False] * 7 + [True]
    job = jobs.get(job_id)
    assert (job.stored, job.pending, job.status) == (2, 1, "running")


def test_a_lease_that_ran_out_is_claimed_again_and_the_first_to_settle_counts(ledger, jobs, connection):
    job_id = submit(ledger, items("a"))
    sleeper = claimed(ledger)
    assert ledger.claim() is None
    expire(connection, sleeper)
    assert ledger.has_work()
    second = claimed(ledger)
    assert (second.chunk, second.attempts) == (sleeper.chunk, 2)
    assert ledger.settle(sleeper, stored(sleeper))
    assert not ledger.settle(second, stored(second))
    assert jobs.get(job_id).stored == 1
    assert not ledger.has_work()
    assert connection.zcard(keys.LEASES) == 0


def lost(ledger: IngestLedger, connection, chunk: int, times: int = 1) -> None:
    """Let `times` workers be lost with the only chunk that can be claimed."""
    for _ in range(times):
        claim = claimed(ledger)
        assert claim.chunk == chunk
        expire(connection, claim)


def attempts_by_chunk(ledger: IngestLedger, count: int) -> dict[int, int]:
    return {claim.chunk: claim.attempts for claim in (claimed(ledger) for _ in range(count))}


@pytest.mark.parametrize(
    ("in_model", "expected"),
    [
        pytest.param(None, {0: 3, 1: 2, 2: 2}, id="not recorded"),
        pytest.param("healthy", {0: 2, 1: 2, 2: 2}, id="the healthy"),
        pytest.param("suspect", {0: 3, 1: 1, 2: 1}, id="the suspect"),
    ],
)
def test_a_lost_worker_counts_for_the_chunks_in_its_model(ledger, settings, connection, in_model, expected):
    submit(ledger, items("a"), items("b"), items("c"))
    lost(IngestLedger(connection, settings), connection, chunk=0)
    worker = IngestLedger(connection, settings)
    claims = [claimed(worker) for _ in range(3)]
    assert [claim.is_suspect for claim in claims] == [True, False, False]

    if in_model:
        worker.record_in_model(claims[0] if in_model == "suspect" else None)
    for claim in claims:
        expire(connection, claim)

    assert attempts_by_chunk(ledger, 3) == expected


def test_what_another_worker_has_in_its_model_excuses_nothing(ledger, settings, connection):
    submit(ledger, items("a"))
    ledger.record_in_model(None)
    other = IngestLedger(connection, settings)
    lost(other, connection, chunk=0, times=2)
    assert claimed(ledger).attempts == 3


def test_a_chunk_is_excused_a_limited_number_of_times(ledger, connection):
    """Else one that kills its worker in another way than through the model would do so for ever."""
    submit(ledger, items("a"))
    lost(ledger, connection, chunk=0)
    ledger.record_in_model(None)
    seen = []
    for _ in range(12):
        claim = claimed(ledger)
        seen.append(claim.attempts)
        expire(connection, claim)
    assert seen == [2] * 11 + [3]


def test_a_renewed_lease_stays_and_one_taken_over_is_not_brought_back(ledger, connection):
    submit(ledger, items("a"))
    first = claimed(ledger)
    expire(connection, first)
    second = claimed(ledger)
    ledger.extend([first, second])
    assert connection.zrange(keys.LEASES, 0, -1) == [second.member.encode()]


def test_a_chunk_handed_back_is_claimed_again_at_once_and_its_attempt_does_not_count(ledger):
    submit(ledger, items("a"))
    ledger.release(claimed(ledger))
    assert claimed(ledger).attempts == 1


def test_a_late_hand_back_changes_nothing(ledger, connection):
    submit(ledger, items("a"))
    late = claimed(ledger)
    expire(connection, late)
    current = claimed(ledger)
    ledger.release(late)
    assert ledger.claim() is None
    assert ledger.settle(current, stored(current))


def test_jobs_take_turns(ledger):
    big = submit(ledger, *(items(f"big{n}") for n in range(50)))
    small = submit(ledger, items("small0"), items("small1"))
    assert [claimed(ledger).job_id for _ in range(5)] == [big, small, big, small, big]


def test_more_work_is_announced_until_there_is_none(ledger):
    submit(ledger, items("a"), items("b"))
    assert [claimed(ledger).more_waiting for _ in range(2)] == [True, False]


def test_a_newer_submission_has_a_higher_version(ledger):
    submit(ledger, items("a"))
    submit(ledger, items("a"))
    first, second = claimed(ledger), claimed(ledger)
    assert second.version > first.version


def test_splitting_keeps_every_item_and_a_half_that_loses_one_more_worker_is_split_again(
    ledger, jobs, connection, settings
):
    job_id = submit(ledger, items("a", "b", "c"))
    claim = claimed(ledger)
    ledger.split(claim)
    assert not ledger.settle(claim, stored(claim))
    halves = [claimed(ledger), claimed(ledger)]
    assert sorted(item.id for half in halves for item in half.items) == ["a", "b", "c"]
    assert all(half.attempts == settings.chunk_attempts for half in halves)
    expire(connection, halves[0])
    assert claimed(ledger).attempts > settings.chunk_attempts
    for half in halves:
        ledger.settle(half, stored(half))
    assert jobs.get(job_id).status == "succeeded"


def test_a_cancelled_job_stops_and_what_is_not_settled_stays_pending(ledger, jobs):
    job_id = submit(ledger, items("a"), items("b"), items("c"))
    ledger.settle(claimed(ledger), Outcome(1, 0, [], 10, {}))
    in_hand = claimed(ledger)
    assert jobs.cancel(job_id).status == "cancelled"
    assert jobs.cancel(job_id).status == "cancelled"
    assert ledger.claim() is None
    job = jobs.get(job_id)
    assert (job.status, job.stored, job.pending) == ("cancelled", 1, 2)

    # Its rows may be written already, so it still counts, once; it does not end the job a second time.
    assert ledger.settle(in_hand, stored(in_hand))
    assert not ledger.settle(in_hand, stored(in_hand))
    job = jobs.get(job_id)
    assert (job.status, job.stored, job.pending) == ("cancelled", 2, 1)


def test_a_cancelled_job_of_which_everything_was_in_hand_stays_cancelled(ledger, jobs, connection):
    job_id = submit(ledger, items("a"), items("b"))
    claims = [claimed(ledger), claimed(ledger)]
    ended = jobs.cancel(job_id)
    failure = Failure(claims[0].items[0], "http_404", "x", 1)
    assert ledger.settle(claims[0], Outcome(0, 0, [failure], 10, {}))
    assert ledger.settle(claims[1], stored(claims[1]))
    job = jobs.get(job_id)
    assert (job.status, job.stored, job.failed, job.pending) == ("cancelled", 1, 1, 0)
    assert job.finished == ended.finished
    assert [item.id for item in ledger.failed_items(job_id, None)] == ["a"]
    assert connection.ttl(keys.failures(job_id)) > 0


@pytest.mark.parametrize("give_up", ["release", "split"])
def test_a_chunk_of_a_cancelled_job_that_is_given_up_is_not_handed_out_again(ledger, jobs, connection, give_up):
    job_id = submit(ledger, items("a", "b"), items("c"))
    claim = claimed(ledger)
    jobs.cancel(job_id)
    getattr(ledger, give_up)(claim)
    assert ledger.claim() is None
    assert not ledger.has_work()
    assert not connection.exists(keys.chunks(job_id), keys.waiting(job_id), keys.attempts(job_id))
    assert not ledger.settle(claim, stored(claim))
    assert jobs.get(job_id).pending == 3


def test_the_lease_on_a_chunk_of_a_cancelled_job_is_not_extended(ledger, jobs, connection):
    cancelled = submit(ledger, items("a"))
    other = submit(ledger, items("b"))
    claims = [claimed(ledger), claimed(ledger)]
    jobs.cancel(cancelled)
    assert [claim.job_id for claim in ledger.extend(claims)] == [other]
    assert connection.zcard(keys.LEASES) == 1


def test_what_is_held_when_a_job_is_paused_goes_on_and_comes_back_if_its_worker_dies(ledger, jobs, connection):
    job_id = submit(ledger, items("a"), items("b"), items("c"))
    settled, lost, returned = claimed(ledger), claimed(ledger), claimed(ledger)
    jobs.pause(job_id)
    assert ledger.settle(settled, stored(settled))
    ledger.release(returned)
    expire(connection, lost)
    assert ledger.claim() is None
    assert not ledger.has_work()
    assert jobs.get(job_id).status == "paused"
    assert jobs.resume(job_id).status == "running"
    assert {settle_next(ledger), settle_next(ledger)} == {True}
    assert jobs.get(job_id).status == "succeeded"


def test_an_ended_job_cannot_be_cancelled(ledger, jobs):
    job_id = submit(ledger, items("a"))
    settle_next(ledger)
    with pytest.raises(ConflictError):
        jobs.cancel(job_id)
    with pytest.raises(NotFoundError):
        jobs.cancel("nonsense")


def test_a_failed_job_tells_why(ledger, jobs):
    job_id = submit(ledger, items("a"))
    ledger.fail_job(job_id, "model_mismatch", "another model")
    job = jobs.get(job_id)
    assert (job.status, job.error) == ("failed", {"code": "model_mismatch", "detail": "another model"})
    assert ledger.claim() is None


def test_failures_are_kept_whole_and_read_in_pages(ledger, jobs):
    job_id = submit(ledger, *(items(*(f"{chunk}-{n}" for n in range(7))) for chunk in range(3)))
    for _ in range(3):
        claim = claimed(ledger)
        failures = [Failure(item, "http_404", "gone", 1) for item in claim.items[:5]]
        ledger.settle(claim, Outcome(2, 0, failures, 0, {}))
    assert jobs.get(job_id).failed == 15
    seen, cursor = [], "0-0"
    while cursor:
        page, cursor = ledger.failures(job_id, cursor, 4)
        assert len(page) <= 4
        seen += page
    assert [failure.item.id for failure in seen] == [f"{chunk}-{n}" for chunk in range(3) for n in range(5)]
    assert seen[0] == Failure(Item("0-0", "http://h/0-0", {"n": 1}), "http_404", "gone", 1)


def test_many_workers_that_lose_leases_at_random_count_each_item_once(ledger, jobs, connection):
    rng = random.Random(5)
    ids = {str(n) for n in range(60)}
    job_id = submit(ledger, *(items(*(str(n) for n in range(start, start + 6))) for start in range(0, 60, 6)))
    held: list[Claim] = []
    for _ in range(2000):
        if claim := ledger.claim():
            held.append(claim)
        if held:
            action, claim = rng.choice(["settle", "lose", "release", "pause", "resume"]), rng.choice(held)
            if action == "settle":
                ledger.settle(claim, stored(claim))
            elif action == "lose":
                connection.zadd(keys.LEASES, {claim.member: 1}, xx=True)
            elif action == "release":
                ledger.release(claim)
            elif not jobs.get(job_id).is_final:
                jobs.pause(job_id) if action == "pause" else jobs.resume(job_id)
            job = jobs.get(job_id)
            assert job.pending >= 0
            if job.is_final:
                break
    assert job.status == "succeeded"
    assert job.stored == len(ids)


def query() -> Query:
    return Query((Term("text", "a dog"),), 5, "photos")


def test_listing_is_newest_first_and_forgets_what_is_gone(ledger, jobs, connection):
    ids = [submit(ledger, items("a")) for _ in range(3)]
    for n, job_id in enumerate(ids):
        connection.zadd(keys.jobs("ingest"), {job_id: n})
    assert [job.id for job in jobs.page("ingest", 2)[0]] == ids[:0:-1]
    connection.delete(keys.job(ids[2]))
    jobs.page("ingest", 10)
    assert [job.id for job in jobs.page("ingest", 10)[0]] == ids[1::-1]


def test_a_waiter_is_woken_by_the_change(connection, jobs, searches):
    watcher = Watcher(connection, jobs)
    job_id = searches.enqueue(query(), {}).job_id
    seen = []
    waiters = [threading.Thread(target=lambda: seen.append(watcher.wait(job_id, 20).status)) for _ in range(5)]
    for waiter in waiters:
        waiter.start()
    searches.complete(job_id, {})
    for waiter in waiters:
        waiter.join(20)
    assert seen == ["succeeded"] * 5


def test_more_may_wait_than_there_are_connections(settings, connection):
    """Also when all are woken by the same job: each finds a connection in time."""
    jobs, searches = Jobs(connection, settings), SearchLedger(connection, settings)
    watcher, job_id = Watcher(connection, jobs), searches.enqueue(query(), {}).job_id
    seen = []
    waiters = [threading.Thread(target=lambda: seen.append(watcher.wait(job_id, 30).status)) for _ in range(200)]
    for waiter in waiters:
        waiter.start()
    searches.complete(job_id, {})
    for waiter in waiters:
        waiter.join(30)
    assert seen == ["succeeded"] * 200


def test_waiting_ends_in_time(connection, jobs, searches):
    assert Watcher(connection, jobs).wait(searches.enqueue(query(), {}).job_id, 0.01).status == "queued"


def test_workers_are_known_while_they_are_alive(connection):
    presence = Presence(connection)
    presence.announce("search", "s:1", {"model": "m"})
    assert presence.alive("search") == {"s:1": {"model": "m"}}
    assert presence.alive("ingest") == {}
    presence.leave("search", "s:1")
    assert presence.alive("search") == {}


def test_a_redis_that_is_away_is_an_error_at_once(settings):
    away = connect(settings.model_copy(update={"redis_url": type(settings.redis_url)("redis://127.0.0.1:1/0")}))
    with pytest.raises(RedisConnectionError):
        Jobs(away, settings).get("x")
