"""The report of a fault test: its size, the faults, the outcome, the duration."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any


class Story:
    """Lines for the transcript; `tell` is called once for each."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._began = time.monotonic()
        self._done: Counter[str] = Counter()

    def did(self, what: str) -> None:
        """Note one more blow: "kill -9 ingest-2"."""
        self._done[what] += 1

    def ended(self, job: dict[str, Any]) -> None:
        """Note how a job ended."""
        counts = {name: job["progress"][name] for name in ("stored", "failed", "unchanged", "pending")}
        settled = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        self._tell(f"{job['status']}: {job['progress']['total']:,} items, {settled or 'none settled'}")

    def say(self, line: str) -> None:
        self._tell(line)

    def close(self) -> None:
        for what, count in sorted(self._done.items()):
            self._tell(f"{what}, {count} times" if count > 1 else what)
        self._tell(f"{time.monotonic() - self._began:.0f} s")
