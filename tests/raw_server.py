"""A TCP server on loopback that sends arbitrary bytes."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Talk = Callable[[socket.socket], None]


def sends(*pieces: bytes) -> Talk:
    """Read the request's first bytes, send the pieces, close."""

    def talk(client: socket.socket) -> None:
        client.recv(65536)
        for piece in pieces:
            client.sendall(piece)

    return talk


def sends_forever(start: bytes, again: bytes) -> Talk:
    """Read the request's first bytes, then send without end."""

    def talk(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(start)
        while True:
            client.sendall(again)

    return talk


@contextmanager
def talking(talk: Talk) -> Iterator[int]:
    """Run `talk` for each connection in a thread of its own; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        clients: list[socket.socket] = []

        def serve(client: socket.socket) -> None:
            with client, suppress(OSError):
                talk(client)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    clients.append(client)
                    threading.Thread(target=serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            # This also wakes the accepting thread.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for client in clients:
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
