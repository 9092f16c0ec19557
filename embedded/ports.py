"""Ports on loopback that nobody listens on."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether this process could listen on the port now."""
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


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
