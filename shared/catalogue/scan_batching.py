"""Scans of one collection that are asked for at the same time share a pass over it.

To read 25,000 vectors costs 20 ms, to compare them with one more query 6 ms: sixteen scans in one statement cost a
third of sixteen statements. Nothing waits on purpose: what comes while a pass runs goes with the next one.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from shared.catalogue.session import Rows, Session
from shared.catalogue.vector_search import Nearest

# Two passes keep two cores busy and hide one's way there and back.
_PASSES = 2
_MOST_PER_PASS = 16
# More hits are looked up one scan at a time.
MOST_HITS = 128
# A stored vector's distance may differ by rounding between the scan and the look-up; more means another vector.
_SAME = 1e-3

Alone = Callable[[Session, str, Nearest], Rows]


@dataclass(eq=False)
class _Scan:
    """One caller's scan. When it is `woken` it has its `rows`, or leads the next pass, or goes `alone` since the pass
    that it shared failed: whose fault that was is for each to find out."""

    wanted: Nearest
    woken: threading.Event = field(default_factory=threading.Event)
    rows: Rows | None = None
    alone: bool = False


@dataclass(eq=False)
class _Queue:
    """Scans of one collection that wait for a pass, and how many passes run."""

    waiting: deque[_Scan] = field(default_factory=deque)
    passes: int = 0


class SharedScans:
    """Thread-safe. `alone` answers one scan by itself."""

    def __init__(self, alone: Alone) -> None:
        self._alone = alone
        self._lock = threading.Lock()
        self._queues: defaultdict[str, _Queue] = defaultdict(_Queue)

    def rows(self, session: Session, collection: str, wanted: Nearest) -> Rows:
        """What `alone` would return, for a scan without a condition and of `MOST_HITS` at most."""
        scan = _Scan(wanted)
        with self._lock:
            queue = self._queues[collection]
            leads = queue.passes < _PASSES
            if leads:
                queue.passes += 1
            else:
                queue.waiting.append(scan)
        if not leads:
            scan.woken.wait()
        if scan.rows is None and not scan.alone:
            self._lead(session, collection, queue, scan)
        return self._alone(session, collection, wanted) if scan.rows is None else scan.rows

    def _lead(self, session: Session, collection: str, queue: _Queue, own: _Scan) -> None:
        """Make one pass for whoever waits, the leader among them; then let another lead."""
        with self._lock:
            taken = [own, *(queue.waiting.popleft() for _ in range(min(len(queue.waiting), _MOST_PER_PASS - 1)))]
        try:
            found = self._pass(session, collection, [scan.wanted for scan in taken])
            for scan, rows in zip(taken, found, strict=True):
                scan.rows = rows
        except Exception:
            if len(taken) == 1:
                raise
            for scan in taken:
                scan.alone = True
        finally:
            with self._lock:
                following = queue.waiting.popleft() if queue.waiting else None
                if following is None:
                    queue.passes -= 1
            for scan in taken:
                scan.woken.set()
            if following is not None:
                following.woken.set()

    def _pass(self, session: Session, collection: str, wanted: Sequence[Nearest]) -> list[Rows]:
        if len(wanted) == 1:
            return [self._alone(session, collection, wanted[0])]
        nearest = _nearest(session, collection, wanted)
        photos = _photos(session, collection, {photo_id for found in nearest for _, photo_id in found})
        return [
            self._with_photos(session, collection, one, found, photos)
            for one, found in zip(wanted, nearest, strict=True)
        ]

    def _with_photos(
        self,
        session: Session,
        collection: str,
        wanted: Nearest,
        found: Sequence[tuple[float, str]],
        photos: dict[str, Sequence[object]],
    ) -> Rows:
        """The rows of one scan. If one of them was replaced or deleted since, it is made again by itself."""
        rows: list[Sequence[object]] = []
        for distance, photo_id in found[: wanted.top_k]:
            photo = photos.get(photo_id)
            if photo is None or abs(_distance(wanted, photo) - distance) > _SAME:
                return self._alone(session, collection, wanted)
            rows.append((photo_id, *photo, distance))
        return rows


def _nearest(session: Session, collection: str, wanted: Sequence[Nearest]) -> list[Sequence[tuple[float, str]]]:
    """Distances and ids, nearest first, for each query."""
    most = max(one.top_k for one in wanted)
    columns = ", ".join(
        f"groupArraySorted({int(most)})((cosineDistance(photo_embed, {{vector{n}:Array(Float32)}}), photo_id))"
        for n in range(len(wanted))
    )
    vectors = {f"vector{n}": one.vector.tolist() for n, one in enumerate(wanted)}
    sql = f"SELECT {columns} FROM `{collection}` FINAL"  # noqa: S608
    found = session.rows(sql, vectors, {"use_skip_indexes": 0})
    return list(found[0]) if found else [() for _ in wanted]


def _photos(session: Session, collection: str, ids: set[str]) -> dict[str, Sequence[object]]:
    """URL, attributes and vector of these photos, as they are now."""
    if not ids:
        return {}
    found = session.rows(
        f"SELECT photo_id, photo_image_url, attributes, photo_embed FROM `{collection}` FINAL"  # noqa: S608
        " PREWHERE photo_id IN {ids:Array(String)}",
        {"ids": sorted(ids)},
        {"use_skip_indexes": 0},
    )
    return {photo_id: photo for photo_id, *photo in found}


def _distance(wanted: Nearest, photo: Sequence[object]) -> float:
    vector = np.asarray(photo[2], np.float32)
    lengths = float(np.linalg.norm(vector)) * float(np.linalg.norm(wanted.vector))
    return 1.0 - float(vector @ wanted.vector) / (lengths or 1.0)
