"""`python -m worker.health FILE`: exits 0 if the heartbeat in LICHTBILD_HEARTBEAT_FILE is fresh, else 1.

Probes run every few seconds: it imports no other module of Lichtbild, and neither Celery nor torch.
"""

import sys
import time
from pathlib import Path

# Twelve beats of worker/upkeep/heartbeat.py.
FRESH_SECONDS = 60.0


def problem(file: Path, now: float) -> str | None:
    """Why the heartbeat is not fresh at `now`, in seconds since the epoch; None if it is."""
    try:
        beat = file.stat().st_mtime
    except OSError as error:
        return f"no heartbeat: {error.strerror}"
    # A heartbeat in the future was written before the clock was set back.
    return f"the last heartbeat is {now - beat:.0f} s old" if abs(now - beat) > FRESH_SECONDS else None


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m worker.health FILE")
    sys.exit(problem(Path(sys.argv[1]), time.time()))
