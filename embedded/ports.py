"""Free ports on loopback."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def listen(port: int) -> socket.socket | None:
    """A listening socket on the port, 0 for any free one; None if the port is taken.

    Binding alone does not reserve a port: another process that sets SO_REUSEADDR could bind it too.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen()
    except OSError:
        listener.close()
        return None
    return listener


def free_ports(count: int) -> list[int]:
    """Distinct ports, all bound while they are chosen and free again on return."""
    bound = [socket.socket() for _ in range(count)]
    try:
        for candidate in bound:
            candidate.bind((LOOPBACK, 0))
        return [int(candidate.getsockname()[1]) for candidate in bound]
    finally:
        for candidate in bound:
            candidate.close()
