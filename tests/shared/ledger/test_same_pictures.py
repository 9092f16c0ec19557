"""A job names the pictures that came for several of its items."""

from hashlib import sha256

from shared.domain.items import Outcome
from shared.ledger import keys
from tests.shared.ledger.chunks import claimed, items, submit


def picture(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:16]


def settle(ledger, pictures: dict[str, str]) -> None:
    """Settle the next chunk, whose items have these pictures."""
    claim = claimed(ledger)
    outcome = Outcome(len(claim.items), 0, [], 0, {}, {photo_id: picture(name) for photo_id, name in pictures.items()})
    assert ledger.settle(claim, outcome)


def ingested(ledger, jobs, *chunks: dict[str, str]):
    """A job of chunks, each a picture by id, that has ended."""
    job_id = submit(ledger, *(items(*chunk) for chunk in chunks))
    for chunk in chunks:
        settle(ledger, chunk)
    return jobs.get(job_id)


def test_pictures_of_one_chunk_and_of_several_are_counted(ledger, jobs, connection):
    job = ingested(
        ledger,
        jobs,
        {"a": "placeholder", "b": "own", "ü, \\ 1": "placeholder"},
        {"d": "placeholder", "e": "twin", "f": "placeholder"},
        {"g": "twin", "h": "other"},
    )
    assert job.status == "succeeded"
    assert job.same_picture == 4
    assert job.same_pictures == [(4, ["a", "ü, \\ 1", "d"]), (2, ["e", "g"])]
    assert not list(connection.scan_iter(keys.job(job.id) + ":pictures*")), "nothing is remembered after the end"


def test_different_pictures_are_not_named(ledger, jobs):
    job = ingested(ledger, jobs, {"a": "1", "b": "2"}, {"c": "3"})
    assert (job.same_picture, job.same_pictures) == (0, [])


def test_two_jobs_are_counted_apart(ledger, jobs):
    ingested(ledger, jobs, {"a": "1"})
    assert ingested(ledger, jobs, {"b": "1"}).same_picture == 0


def test_a_cancelled_job_remembers_nothing(ledger, jobs, connection):
    job_id = submit(ledger, items("a"), items("b"), items("c"))
    settle(ledger, {"a": "1"})
    late = claimed(ledger)
    jobs.cancel(job_id)
    ledger.settle(late, Outcome(1, 0, [], 0, {}, {"b": picture("1")}))
    assert not list(connection.scan_iter(keys.job(job_id) + ":pictures*"))


def test_a_long_job_keeps_the_largest_groups_and_remembers_a_bounded_number_of_pictures(ledger, jobs, connection):
    """26,000 pictures, of which 150 come twice, and a placeholder in each of the 13 chunks."""
    chunks = [
        {f"{n}-{k}": "placeholder" if k == 0 else f"twin {n}-{k // 2}" if k < 24 else f"{n}-{k}" for k in range(2_000)}
        for n in range(13)
    ]
    job_id = submit(ledger, *(items(*chunk) for chunk in chunks), items("last"))
    for chunk in chunks:
        settle(ledger, chunk)
    job = jobs.get(job_id)
    assert job.same_pictures[0] == (13, ["0-0", "1-0", "2-0"])
    assert job.same_picture == 12 + 13 * 11
    assert [count for count, _ in job.same_pictures[1:]] == [2] * 9
    fields = [name for name in connection.hkeys(keys.job(job_id)) if name.startswith(b"same:")]
    assert len(fields) == 100
    remembered = [connection.hlen(f"{keys.job(job_id)}:{name}") for name in ("pictures", "pictures-before")]
    assert 10_000 <= sum(remembered) < 24_000
    assert all(connection.ttl(f"{keys.job(job_id)}:{name}") > 0 for name in ("pictures", "pictures-before"))
