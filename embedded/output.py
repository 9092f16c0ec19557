"""What the processes of a stack say: on the terminal, each line under its process' name, and in one file each."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, TextIO

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
_FILE_BYTES = 5_000_000  # twice this per process: the file and the one before it
_LINE_BYTES = 16_384
_KEPT_LINES = 25


class Output:
    """Shared by all processes of one stack; `terminal` is None where only the files are wanted."""

    def __init__(self, folder: Path, terminal: TextIO | None = sys.stderr) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._terminal = terminal
        self._coloured = terminal is not None and terminal.isatty() and "NO_COLOR" not in os.environ
        self._lock = threading.Lock()
        self._width = 0
        self._voices: dict[str, Voice] = {}

    def voice(self, name: str) -> Voice:
        """The one through which the process of that name is heard."""
        with self._lock:
            if name not in self._voices:
                colour = _COLOURS[len(self._voices) % len(_COLOURS)]
                self._voices[name] = Voice(name, self._folder / f"{name}.log", colour, self)
                self._width = max(self._width, len(name))
            return self._voices[name]

    def show(self, name: str, colour: int, line: str) -> None:
        """Prints a whole line, so that two processes never share one."""
        if self._terminal is None:
            return
        label = f"{name:<{self._width}} |"
        if self._coloured:
            label = f"\x1b[{colour}m{label}\x1b[0m"
        with self._lock:
            print(label, line, file=self._terminal, flush=True)

    def close(self) -> None:
        """Closes the files; nothing may speak any more."""
        for voice in self._voices.values():
            voice.close()


class Voice:
    """One process' lines: its file, its colour, and the last few for an error message."""

    def __init__(self, name: str, path: Path, colour: int, output: Output) -> None:
        self._name = name
        self._colour = colour
        self._output = output
        self._file = RotatingFileHandler(path, maxBytes=_FILE_BYTES, backupCount=1, encoding="utf-8")
        self._last: deque[str] = deque(maxlen=_KEPT_LINES)

    @property
    def last_lines(self) -> str:
        """The end of what was said."""
        return "\n".join(self._last)

    def say(self, line: str) -> None:
        """One line, without its line end."""
        self._last.append(line)
        self._file.handle(logging.LogRecord(self._name, logging.INFO, "", 0, line, None, None))
        self._output.show(self._name, self._colour, line)

    def follow(self, pipe: IO[bytes]) -> threading.Thread:
        """Says whatever comes out of `pipe`, in a thread of its own, until it is closed at the other end."""
        thread = threading.Thread(target=self._pump, args=(pipe,), name=f"output of {self._name}", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _pump(self, pipe: IO[bytes]) -> None:
        with pipe:
            while line := pipe.readline(_LINE_BYTES):
                self.say(line.decode(errors="replace").rstrip("\r\n"))
