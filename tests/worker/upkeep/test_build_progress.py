"""When an index build that reports an error has failed for good."""

from worker.upkeep.build_progress import BuildProgress


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_build_has_stalled_once_its_unindexed_parts_have_not_fallen_for_the_stated_time():
    clock = Clock()
    progress = BuildProgress(stall_seconds=900, clock=clock)
    assert not progress.has_stalled("job", 5)
    clock.now = 899
    assert not progress.has_stalled("job", 5)
    clock.now = 900
    assert progress.has_stalled("job", 5)


def test_each_indexed_part_restarts_the_time():
    clock = Clock()
    progress = BuildProgress(stall_seconds=900, clock=clock)
    for unindexed in (9, 5, 4, 1):
        assert not progress.has_stalled("job", unindexed)
        clock.now += 899
    assert not progress.has_stalled("job", 1)
    clock.now += 1
    assert progress.has_stalled("job", 1)


def test_parts_that_an_ingest_adds_are_no_progress():
    clock = Clock()
    progress = BuildProgress(stall_seconds=900, clock=clock)
    assert not progress.has_stalled("job", 1)
    clock.now = 600
    assert not progress.has_stalled("job", 7)
    clock.now = 900
    assert progress.has_stalled("job", 8)


def test_each_job_is_judged_separately():
    clock = Clock()
    progress = BuildProgress(stall_seconds=900, clock=clock)
    assert not progress.has_stalled("first", 1)
    clock.now = 900
    assert not progress.has_stalled("second", 1)
    assert progress.has_stalled("first", 1)
