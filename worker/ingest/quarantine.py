"""Which chunks are in the model together: the healthy ones, or one suspect alone.

A suspect is a chunk that lost a worker before. If it kills this process, too, the loss counts for it alone; if a
healthy chunk does, it counts for no suspect. Claims and downloads continue meanwhile; only the model is used in turns.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from redis.exceptions import RedisError

from shared.errors import UnavailableError
from shared.ledger.ingest import Claim


@dataclass
class _Turn:
    """Images that wait to enter the model together. `suspect` is None for the images of all healthy chunks."""

    suspect: Claim | None
    waiting: int = 0
    has_begun: bool = False
    has_failed: bool = False

    def is_for(self, claim: Claim) -> bool:
        suspect = self.suspect
        return suspect.member == claim.member if suspect else not claim.is_suspect


class Quarantine:
    """Thread-safe. Turns are served in the order of their requests.

    A turn ends once the images that waited at its beginning have left the model; those that come while another turn
    waits join the next. So an image waits for one turn of each other suspect and one of the healthy chunks at most.
    """

    def __init__(self, record_in_model: Callable[[Claim | None], None]) -> None:
        """`record_in_model` records at the ledger what the process loses if it crashes; it may raise RedisError."""
        self._record = record_in_model
        self._changed = threading.Condition()
        self._current = _Turn(None)
        self._inside = 0
        self._line: deque[_Turn] = deque()

    def announce(self, claim: Claim) -> None:
        """Call it for each claimed chunk: afterwards a crash that a healthy chunk causes does not count for a suspect.

        Raises UnavailableError if Redis cannot be reached.
        """
        with self._changed:
            if claim.is_suspect and self._current.suspect is None:
                self._begin(self._current)
                if self._current.has_failed:
                    raise _redis_is_away()

    def enter(self, claim: Claim) -> None:
        """Wait until an image of this chunk may go to the model. Raises UnavailableError if Redis cannot be reached."""
        with self._changed:
            if not self._line and not self._current.has_failed and self._current.is_for(claim):
                self._inside += 1
                return
            turn = self._join_line(claim)
            self._advance()
            self._changed.wait_for(lambda: turn.has_begun)
            if turn.has_failed:
                raise _redis_is_away()

    def leave(self) -> None:
        """Call it once an image that entered has left the model, in any thread."""
        with self._changed:
            self._inside -= 1
            self._advance()

    def _join_line(self, claim: Claim) -> _Turn:
        turn = next((turn for turn in self._line if turn.is_for(claim)), None)
        if turn is None:
            turn = _Turn(claim if claim.is_suspect else None)
            self._line.append(turn)
        turn.waiting += 1
        return turn

    def _advance(self) -> None:
        """Once the model is empty, begin the next turn. If it cannot be recorded, fail all waiting images: each further
        attempt would block the model's thread until Redis answers."""
        if self._inside or not self._line:
            return
        turn = self._line.popleft()
        self._begin(turn)
        if not turn.has_failed:
            self._inside = turn.waiting
        while turn.has_failed and self._line:
            failed = self._line.popleft()
            failed.has_begun = failed.has_failed = True
        self._changed.notify_all()

    def _begin(self, turn: _Turn) -> None:
        turn.has_begun = True
        self._current = turn
        try:
            self._record(turn.suspect)
            turn.has_failed = False
        except RedisError:
            # It is unknown whether this was recorded, so the next image that enters records its turn again.
            turn.has_failed = True


def _redis_is_away() -> UnavailableError:
    return UnavailableError("Redis cannot be reached.")
