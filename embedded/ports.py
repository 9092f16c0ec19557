"""Ports on loopback that nobody listens on."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def hold(port: int) -> socket.socket | None:
    """A listening socket on the port, 0 for any free one; None if somebody else has it.

    It listens at once: a port that is only bound can be bound by others, who ask for reuse like us.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holder.bind((LOOPBACK, port))
        holder.listen()
    except OSError:
        holder.close()
        return None
    return holder


def free_ports(count: int) -> list[int]:
    """Distinct ports; held together while they are chosen, and free again on return."""
    held = [socket.socket() for _ in range(count)]
    try:
        for candidate in held:
            candidate.bind((LOOPBACK, 0))
        return [int(candidate.getsockname()[1]) for candidate in held]
    finally:
        for candidate in held:
            candidate.close()
