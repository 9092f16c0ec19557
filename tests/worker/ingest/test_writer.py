"""Group commit: rows of many chunks in few inserts; each chunk's callback is called after its rows are durable."""

import threading

import numpy as np
import pytest

from shared.catalogue.interface import Row
from shared.errors import UnavailableError
from worker.ingest import writer as writer_module
from worker.ingest.writer import Writer


class FakeCatalogue:
    """Records inserts; the first `failures` of them fail."""

    def __init__(self, failures: int = 0) -> None:
        self.inserts: list[tuple[str, list[str]]] = []
        self.failures = failures
        self.tried = threading.Event()

    def write(self, collection: str, rows) -> None:
        self.tried.set()
        if self.failures:
            self.failures -= 1
            raise UnavailableError("away")
        self.inserts.append((collection, [row.photo_id for row in rows]))

    def ids(self) -> set[str]:
        return {photo_id for _, ids in self.inserts for photo_id in ids}


def always() -> bool:
    return True


def many() -> int:
    """More chunks in hand than any of these tests writes."""
    return 1000


def rows(*ids: str) -> list[Row]:
    return [Row(photo_id, "http://h", np.ones(2, np.float32), b"", {}, 1) for photo_id in ids]


def test_rows_of_several_chunks_share_an_insert_and_each_callback_is_called_after_it():
    catalogue, notified = FakeCatalogue(), []
    writer = Writer(catalogue, rows=100, seconds=0.2, in_hand=many)
    for name in ("a", "b", "c"):
        writer.write("photos", rows(name), lambda _, name=name: notified.append((name, catalogue.ids())), always)
    writer.write("others", rows("d"), lambda _: notified.append(("d", catalogue.ids())), always)
    assert writer.flush(10)
    assert sorted(ids for _, ids in catalogue.inserts) == [["a", "b", "c"], ["d"]]
    assert all(name in there for name, there in notified)
    assert len(notified) == 4
    writer.close()


def test_enough_rows_are_inserted_at_once():
    catalogue, notified = FakeCatalogue(), threading.Event()
    writer = Writer(catalogue, rows=3, seconds=60, in_hand=many)
    writer.write("photos", rows("a", "b", "c"), lambda _: notified.set(), always)
    assert notified.wait(10)
    writer.close()


def test_rows_are_inserted_at_once_if_no_other_chunk_is_in_hand():
    catalogue, notified = FakeCatalogue(), threading.Event()
    writer = Writer(catalogue, rows=100, seconds=60, in_hand=lambda: 2)
    writer.write("photos", rows("a"), lambda _: None, always)
    assert not catalogue.tried.is_set()
    writer.write("photos", rows("b"), lambda _: notified.set(), always)
    assert notified.wait(10)
    assert catalogue.inserts == [("photos", ["a", "b"])]
    writer.close()


def test_an_insert_is_retried_until_the_catalogue_is_back(monkeypatch):
    monkeypatch.setattr(writer_module, "_MAX_PAUSE_SECONDS", 0.01)
    catalogue, notified = FakeCatalogue(failures=3), threading.Event()
    writer = Writer(catalogue, rows=1, seconds=60, in_hand=many)
    writer.write("photos", rows("a"), lambda _: notified.set(), always)
    assert notified.wait(10)
    assert catalogue.inserts == [("photos", ["a"])]
    writer.close()


def test_a_wait_for_the_catalogue_is_reported_with_its_end():
    catalogue, notified, reported = FakeCatalogue(failures=2), threading.Event(), []
    writer = Writer(catalogue, rows=1, seconds=60, in_hand=many, on_wait=reported.append)
    writer.write("photos", rows("a"), lambda _: notified.set(), always)
    assert notified.wait(10)
    writer.close()
    assert [bool(reason) for reason in reported] == [True, True, False]


def test_closing_writes_what_is_queued():
    catalogue, notified = FakeCatalogue(), []
    writer = Writer(catalogue, rows=100, seconds=60, in_hand=many)
    writer.write("photos", rows("a"), notified.append, always)
    writer.close()
    assert catalogue.ids() == {"a"}
    assert len(notified) == 1


def test_closing_gives_up_while_the_catalogue_is_away_and_calls_no_callback():
    catalogue, notified = FakeCatalogue(failures=10**9), []
    writer = Writer(catalogue, rows=1, seconds=60, in_hand=many)
    writer.write("photos", rows("a"), notified.append, always)
    assert catalogue.tried.wait(10)
    writer.close()
    assert notified == []
    assert not writer.flush(0.01)


def filled(writer: Writer, notified: list) -> threading.Thread:
    """A thread that writes rows until `write` raises UnavailableError."""

    def hand_over() -> None:
        with pytest.raises(UnavailableError):
            while True:
                writer.write("photos", rows("a"), notified.append, always)

    thread = threading.Thread(target=hand_over)
    thread.start()
    return thread


def test_stopping_while_the_catalogue_is_away_fails_blocked_writes():
    catalogue, notified = FakeCatalogue(failures=10**9), []
    writer = Writer(catalogue, rows=1, seconds=60, in_hand=many)
    waiting = filled(writer, notified)
    assert catalogue.tried.wait(10)
    writer.stop(60)
    waiting.join(10)
    assert not waiting.is_alive()
    assert not writer.flush(60)
    writer.close()
    assert notified == []


def test_stopping_while_the_catalogue_hangs_gives_up_in_time():
    catalogue, notified, answered = FakeCatalogue(), [], threading.Event()
    catalogue.write = lambda *_: (catalogue.tried.set(), answered.wait(60))
    writer = Writer(catalogue, rows=1, seconds=60, in_hand=many)
    waiting = filled(writer, notified)
    assert catalogue.tried.wait(10)
    writer.stop(0.2)
    waiting.join(10)
    assert not waiting.is_alive()
    writer.close()
    assert notified == []
    answered.set()


def test_rows_written_after_stop_are_still_inserted():
    catalogue, notified = FakeCatalogue(), []
    writer = Writer(catalogue, rows=100, seconds=60, in_hand=many)
    writer.stop(60)
    writer.write("photos", rows("a"), notified.append, always)
    writer.write("photos", rows("b"), notified.append, always)
    writer.close()
    assert catalogue.ids() == {"a", "b"}
    assert len(notified) == 2


def test_flushing_does_not_wait_for_other_rows():
    catalogue, notified = FakeCatalogue(), []
    writer = Writer(catalogue, rows=100, seconds=60, in_hand=many)
    writer.write("photos", rows("a"), notified.append, always)
    assert writer.flush(10)
    assert len(notified) == 1
    writer.close()


def test_the_callback_of_a_chunk_without_rows_is_called_without_an_insert():
    catalogue, notified = FakeCatalogue(), threading.Event()
    writer = Writer(catalogue, rows=100, seconds=0.05, in_hand=many)
    writer.write("photos", [], lambda _: notified.set(), always)
    assert notified.wait(10)
    assert catalogue.inserts == []
    writer.close()


def test_a_chunk_that_cannot_be_settled_does_not_stop_the_others():
    def fails(_: float) -> None:
        raise ConnectionError

    catalogue, notified = FakeCatalogue(), threading.Event()
    writer = Writer(catalogue, rows=100, seconds=0.05, in_hand=many)
    writer.write("photos", rows("a"), fails, always)
    writer.write("photos", rows("b"), lambda _: notified.set(), always)
    assert notified.wait(10)
    assert catalogue.ids() == {"a", "b"}
    writer.close()


def test_rows_of_a_chunk_that_was_lost_are_not_written():
    catalogue, notified = FakeCatalogue(), []
    writer = Writer(catalogue, rows=100, seconds=60, in_hand=many)
    writer.write("photos", rows("a"), notified.append, lambda: False)
    writer.write("photos", rows("b"), notified.append, always)
    writer.write("others", rows("c"), notified.append, lambda: False)
    assert writer.flush(10)
    assert catalogue.inserts == [("photos", ["b"])]
    assert len(notified) == 1
    writer.close()
