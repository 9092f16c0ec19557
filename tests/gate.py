"""Images that arrive slowly until a test opens the gate: downloads stay in flight for as long as it needs them."""

import threading
from collections.abc import Callable
from typing import Any, Self

from tests.image_server import Answer, ImageServer

# Less than the 10 s after which the fetcher gives up on a silent server.
_DRIP_SECONDS = 1.0


class Gate:
    """While it is closed, images with a held path get their header and first half immediately, then a byte per second.

    The rest follows when it opens, at the latest when the block ends.
    """

    def __init__(
        self, images: ImageServer, content: Callable[[str], bytes], held: Callable[[str], bool] = lambda _: True
    ) -> None:
        self._opened = threading.Event()
        self._content = content
        self._held = held
        images.default = self._answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.open()

    def open(self) -> None:
        self._opened.set()

    def _answer(self, path: str) -> bytes | Answer:
        content = self._content(path)
        return self._dripped(content) if self._held(path) else content

    def _dripped(self, content: bytes) -> Answer:
        def answer(request: Any) -> None:
            request.send_response(200)
            request.send_header("Content-Length", str(len(content)))
            request.end_headers()
            sent = len(content) // 2
            try:
                request.wfile.write(content[:sent])
                while not self._opened.wait(_DRIP_SECONDS):
                    request.wfile.write(content[sent : sent + 1])
                    sent += 1
                request.wfile.write(content[sent:])
            except OSError:
                request.close_connection = True

        return answer
