"""How the items of a job ended."""

from shared.domain.job import Job


def counts(job: Job) -> dict[str, int]:
    assert job.is_final
    assert job.stored + job.unchanged + job.failed == job.total
    return {name: count for name in ("stored", "unchanged", "failed") if (count := getattr(job, name))}
