"""The report of a fault test: its size, the faults, the outcome, the duration."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any


class Story:
    """The lines of a transcript; `write` is called with each."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._began = time.monotonic()
        self._done: Counter[str] = Counter()

    def did(self, what: str) -> None:
        """Count a fault: "kill -9 ingest-2"."""
        self._done[what] += 1

    def ended(self, job: dict[str, Any]) -> None:
        """Record a job's final status and counts."""
        counts = {name: job["progress"][name] for name in ("stored", "failed", "unchanged", "pending")}
        settled = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        self._write(f"{job['status']}: {job['progress']['total']:,} items, {settled or 'none settled'}")

    def note(self, line: str) -> None:
        self._write(line)

    def close(self) -> None:
        for what, count in sorted(self._done.items()):
            self._write(f"{what}, {count} times" if count > 1 else what)
        self._write(f"{time.monotonic() - self._began:.0f} s")
