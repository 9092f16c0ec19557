"""The output of a stack's processes: on the terminal with the process name in front, and in one log file each."""

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
_FILE_BYTES = 5_000_000  # per log file; each process has two, the current and the previous one
_LINE_BYTES = 16_384
_KEPT_LINES = 25


class Output:
    """Shared by all processes of one stack; with `terminal` None the lines go to the files alone."""

    def __init__(self, folder: Path, terminal: TextIO | None = sys.stderr) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._terminal = terminal
        self._coloured = terminal is not None and terminal.isatty() and "NO_COLOR" not in os.environ
        self._lock = threading.Lock()
        self._width = 0
        self._logs: dict[str, ProcessLog] = {}

    def log(self, name: str) -> ProcessLog:
        """The log of the process with that name."""
        with self._lock:
            if name not in self._logs:
                colour = _COLOURS[len(self._logs) % len(_COLOURS)]
                self._logs[name] = ProcessLog(name, self._folder / f"{name}.log", colour, self)
                self._width = max(self._width, len(name))
            return self._logs[name]

    def show(self, name: str, colour: int, line: str) -> None:
        """Print one whole line; lines of different processes never mix."""
        if self._terminal is None:
            return
        label = f"{name:<{self._width}} |"
        if self._coloured:
            label = f"\x1b[{colour}m{label}\x1b[0m"
        with self._lock:
            print(label, line, file=self._terminal, flush=True)

    def close(self) -> None:
        """Close the log files; nothing may be written afterwards."""
        for log in self._logs.values():
            log.close()


class ProcessLog:
    """The lines of one process, in its file and on the terminal; the last ones are kept for error messages."""

    def __init__(self, name: str, path: Path, colour: int, output: Output) -> None:
        self._name = name
        self._colour = colour
        self._output = output
        self._file = RotatingFileHandler(path, maxBytes=_FILE_BYTES, backupCount=1, encoding="utf-8")
        self._last: deque[str] = deque(maxlen=_KEPT_LINES)

    @property
    def last_lines(self) -> str:
        """The last lines written, at most 25."""
        return "\n".join(self._last)

    def write(self, line: str) -> None:
        """Write one line, given without its line end."""
        self._last.append(line)
        self._file.handle(logging.LogRecord(self._name, logging.INFO, "", 0, line, None, None))
        self._output.show(self._name, self._colour, line)

    def follow(self, pipe: IO[bytes]) -> threading.Thread:
        """Copy the lines of `pipe` in a new thread until its other end is closed."""
        thread = threading.Thread(target=self._pump, args=(pipe,), name=f"output of {self._name}", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _pump(self, pipe: IO[bytes]) -> None:
        with pipe:
            while line := pipe.readline(_LINE_BYTES):
                self.write(line.decode(errors="replace").rstrip("\r\n"))
