"""An image server that keeps its callers waiting: who asks is noted, and answered once the gate is open."""

import threading
from collections.abc import Callable
from typing import Self

from tests.faults.pictures import picture_at
from tests.image_server import Answer, ImageServer, reply


class Gate:
    """Pictures whose path is `held` come only once it is open; it opens by itself when the block ends."""

    def __init__(self, images: ImageServer, held: Callable[[str], bool] = lambda _: True) -> None:
        self._opened = threading.Event()
        self._held = held
        images.default = self._answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.open()

    def open(self) -> None:
        self._opened.set()

    def _answer(self, path: str) -> bytes | Answer:
        if not self._held(path):
            return picture_at(path)

        def wait(request) -> None:
            self._opened.wait(120)
            reply(request, 200, picture_at(path))

        return wait
