"""Which folders of the spool are swept: those of ended jobs and of abandoned uploads."""

from pathlib import Path

from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from tests.worker.spooled import JOB, age, put
from worker.upkeep.spool_sweeper import SpoolSweeper


def test_only_folders_of_ended_jobs_and_of_abandoned_uploads_are_swept(connection, with_uploads, spool):
    ledger, jobs = IngestLedger(connection, with_uploads), Jobs(connection, with_uploads)

    def submitted() -> str:
        submission = ledger.submission("photos")
        submission.stage(put(spool, submission.job_id))
        return submission.submit()

    waiting, cancelled = submitted(), submitted()
    jobs.cancel(cancelled)
    in_progress, given_up = "a" * 20, "b" * 20
    for job in (in_progress, given_up):
        put(spool, job)
    for job in (waiting, cancelled, given_up):
        age(with_uploads, job, 101)
    age(with_uploads, in_progress, 90)
    foreign = Path(with_uploads.uploads_folder) / "spool" / "lost+found"
    foreign.mkdir()
    age(with_uploads, foreign.name, 1000)

    SpoolSweeper(spool, jobs, with_uploads.staging_seconds).sweep_if_due()

    assert {job for job, _ in spool.jobs()} == {waiting, in_progress}
    assert foreign.exists()


def test_sweeping_keeps_its_interval_and_accepts_an_absent_spool(connection, settings, with_uploads, spool):
    jobs = Jobs(connection, settings)
    SpoolSweeper(None, jobs, 1).sweep_if_due()
    sweeper = SpoolSweeper(spool, jobs, 0)
    sweeper.sweep_if_due()
    put(spool, JOB)
    age(with_uploads, JOB, 10)
    sweeper.sweep_if_due()
    assert [job for job, _ in spool.jobs()] == [JOB]
