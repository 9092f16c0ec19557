"""Connecting to a name with several addresses: the first that answers wins (RFC 8305, Happy Eyeballs)."""

import os
import select
import socket
import time
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest

from shared.addresses.resolver import Answers

# RFC 8305, 8: the recommended Connection Attempt Delay.
_DELAY = 0.25

MakeSocket = Callable[[int, int, int], socket.socket]


def ordered(answers: Answers, first: object) -> Answers:
    """The address that worked before, then the families in turn, each in the resolver's order."""
    families: dict[int, Answers] = {}
    for answer in answers:
        families.setdefault(answer[0], []).append(answer)
    mixed = [answer for answer in chain(*zip_longest(*families.values())) if answer is not None]
    return sorted(mixed, key=lambda answer: answer[4] != first)


def connect_to_first(answers: Answers, deadline: float, make: MakeSocket) -> tuple[socket.socket, object]:
    """Try the addresses in order, the next after 250 ms or a failure; return the connected socket and its address.

    Raises OSError: the last failure, or TimeoutError at the deadline (`time.monotonic` seconds).
    """
    race = _Race(deadline, make)
    try:
        for number, answer in enumerate(answers):
            is_last = number == len(answers) - 1
            race.start(answer)
            if (won := race.wait(deadline if is_last else time.monotonic() + _DELAY)) is not None:
                return won
    finally:
        race.close()
    raise race.failure


class _Race:
    """Attempts in progress."""

    def __init__(self, deadline: float, make: MakeSocket) -> None:
        self.failure: OSError = OSError("The name has no address.")
        self._deadline = deadline
        self._make = make
        self._running: dict[int, tuple[socket.socket, object]] = {}
        self._poll = select.poll()

    def start(self, answer: Sequence[object]) -> None:
        family, kind, protocol, _, address = answer
        try:
            sock = self._make(family, kind, protocol)  # type: ignore[arg-type]
        except OSError as error:
            # The machine has no IPv6, but the name has such an address.
            self.failure = error
            return
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._running[sock.fileno()] = sock, address
            sock.connect(address)  # type: ignore[arg-type]
        except BlockingIOError:
            pass
        except OSError as error:
            self._fail(sock.fileno(), error)
            return
        self._poll.register(sock.fileno(), select.POLLOUT)

    def wait(self, until: float) -> tuple[socket.socket, object] | None:
        """Return the winner; None at `until`, or once no attempt is left. Raises TimeoutError at the deadline."""
        while self._running:
            seconds = min(until, self._deadline) - time.monotonic()
            if seconds <= 0:
                break
            for number, _ in self._poll.poll(seconds * 1000 + 1):
                sock, _ = self._running[number]
                error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not error:
                    return self._running.pop(number)
                self._poll.unregister(number)
                self._fail(number, OSError(error, os.strerror(error)))
        if time.monotonic() >= self._deadline:
            raise TimeoutError("No address answered in time.")
        return None

    def close(self) -> None:
        """Give up what is still in progress."""
        for sock, _ in self._running.values():
            sock.close()

    def _fail(self, number: int, error: OSError) -> None:
        self._running.pop(number)[0].close()
        self.failure = error
