"""Group commit: rows of many chunks in few inserts, and no chunk told before its rows are there."""

import threading

import numpy as np
import pytest

from shared.catalogue.interface import Row
from shared.errors import UnavailableError
from worker.ingest import writer as writer_module
from worker.ingest.writer import Writer


class FakeCatalogue:
    """Remembers inserts; refuses the first `failures` of them."""

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
    """More chunks are on their way than any of these tests hands over."""
    return 1000


def rows(*ids: str) -> list[Row]:
    return [Row(photo_id, "http://h", np.ones(2, np.float32), b"", {}, 1) for photo_id in ids]


def test_rows_of_several_chunks_share_an_insert_and_each_chunk_is_told_after_it():
    catalogue, told = FakeCatalogue(), []
    writer = Writer(catalogue, rows=100, seconds=0.2, in_hand=many)
    for name in ("a", "b", "c"):
        writer.write("photos", rows(name), lambda _, name=name: told.append((name, catalogue.ids())), always)
    writer.write("others", rows("d"), lambda _: told.append(("d", catalogue.ids())), always)
    assert writer.flush(10)
    assert sorted(ids for _, ids in catalogue.inserts) == [["a", "b", "c"], ["d"]]
    assert all(name in there for name, there in told)
    assert len(told) == 4
    writer.close()


def test_enough_rows_are_not_kept_waiting():
    catalogue, told = FakeCatalogue(), threading.Event()
    writer = Writer(catalogue, rows=3, seconds=60, in_hand=many)
    writer.write("photos", rows("a", "b", "c"), lambda _: told.set(), always)
    assert told.wait(10)
    writer.close()


def test_rows_wait_for_no_others_when_none_will_come():
    catalogue, told = FakeCatalogue(), threading.Event()
    writer = Writer(catalogue, rows=100, seconds=60, in_hand=lambda: 2)
    writer.write("photos", rows("a"), lambda _: None, always)
    assert not catalogue.tried.is_set()
    writer.write("photos", rows("b"), lambda _: told.set(), always)
    assert told.wait(10)
    assert catalogue.inserts == [("photos", ["a", "b"])]
    writer.close()


def test_a_catalogue_that_is_away_is_tried_until_it_is_back(monkeypatch):
    monkeypatch.setattr(writer_module, "_MAX_PAUSE_SECONDS", 0.01)
    catalogue, told = FakeCatalogue(failures=3), threading.Event()
    writer = Writer(catalogue, rows=1, seconds=60, in_hand=many)
    writer.write("photos", rows("a"), lambda _: told.set(), always)
    assert told.wait(10)
    assert catalogue.inserts == [("photos", ["a"])]
    writer.close()


def test_closing_writes_what_is_queued():
    catalogue, told = FakeCatalogue(), []
    writer = Writer(catalogue, rows=100, seconds=60, in_hand=many)
    writer.write("photos", rows("a"), told.append, always)
    writer.close()
    assert catalogue.ids() == {"a"}
    assert len(told) == 1


def test_closing_gives_up_on_a_catalogue_that_is_away_and_tells_nobody():
    catalogue, told = FakeCatalogue(failures=10**9), []
    writer = Writer(catalogue, rows=1, seconds=60, in_hand=many)
    writer.write("photos", rows("a"), told.append, always)
    assert catalogue.tried.wait(10)
    writer.close()
    assert told == []
    assert not writer.flush(0.01)


def filled(writer: Writer, told: list) -> threading.Thread:
    """Hands rows over until it is refused, in a thread that ends with that."""

    def hand_over() -> None:
        with pytest.raises(UnavailableError):
            while True:
                writer.write("photos", rows("a"), told.append, always)

    thread = threading.Thread(target=hand_over)
    thread.start()
    return thread


def test_asked_to_stop_while_the_catalogue_is_away_it_refuses_those_who_wait_to_hand_rows_over():
    catalogue, told = FakeCatalogue(failures=10**9), []
    writer = Writer(catalogue, rows=1, seconds=60, in_hand=many)
    waiting = filled(writer, told)
    assert catalogue.tried.wait(10)
    writer.stop(60)
    waiting.join(10)
    assert not waiting.is_alive()
    assert not writer.flush(60)
    writer.close()
    assert told == []


def test_asked_to_stop_while_the_catalogue_hangs_it_gives_up_in_time():
    catalogue, told, answered = FakeCatalogue(), [], threading.Event()
    catalogue.write = lambda *_: (catalogue.tried.set(), answered.wait(60))
    writer = Writer(catalogue, rows=1, seconds=60, in_hand=many)
    waiting = filled(writer, told)
    assert catalogue.tried.wait(10)
    writer.stop(0.2)
    waiting.join(10)
    assert not waiting.is_alive()
    writer.close()
    assert told == []
    answered.set()


def test_asked_to_stop_it_still_writes_what_comes():
    catalogue, told = FakeCatalogue(), []
    writer = Writer(catalogue, rows=100, seconds=60, in_hand=many)
    writer.stop(60)
    writer.write("photos", rows("a"), told.append, always)
    writer.write("photos", rows("b"), told.append, always)
    writer.close()
    assert catalogue.ids() == {"a", "b"}
    assert len(told) == 2


def test_flushing_does_not_wait_for_others_to_join():
    catalogue, told = FakeCatalogue(), []
    writer = Writer(catalogue, rows=100, seconds=60, in_hand=many)
    writer.write("photos", rows("a"), told.append, always)
    assert writer.flush(10)
    assert len(told) == 1
    writer.close()


def test_a_chunk_without_rows_is_told_without_an_insert():
    catalogue, told = FakeCatalogue(), threading.Event()
    writer = Writer(catalogue, rows=100, seconds=0.05, in_hand=many)
    writer.write("photos", [], lambda _: told.set(), always)
    assert told.wait(10)
    assert catalogue.inserts == []
    writer.close()


def test_a_chunk_that_cannot_be_settled_does_not_stop_the_others():
    def fails(_: float) -> None:
        raise ConnectionError

    catalogue, told = FakeCatalogue(), threading.Event()
    writer = Writer(catalogue, rows=100, seconds=0.05, in_hand=many)
    writer.write("photos", rows("a"), fails, always)
    writer.write("photos", rows("b"), lambda _: told.set(), always)
    assert told.wait(10)
    assert catalogue.ids() == {"a", "b"}
    writer.close()


def test_rows_of_a_chunk_that_was_lost_meanwhile_are_not_written():
    catalogue, told = FakeCatalogue(), []
    writer = Writer(catalogue, rows=100, seconds=60, in_hand=many)
    writer.write("photos", rows("a"), told.append, lambda: False)
    writer.write("photos", rows("b"), told.append, always)
    writer.write("others", rows("c"), told.append, lambda: False)
    assert writer.flush(10)
    assert catalogue.inserts == [("photos", ["b"])]
    assert len(told) == 1
    writer.close()
