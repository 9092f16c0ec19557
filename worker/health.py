"""`python -m worker.health FILE`: exits 0 if the heartbeat in LICHTBILD_HEARTBEAT_FILE is fresh, else 1.

Probes run all the time, so it imports nothing else of ours, and neither Celery nor torch.
"""

import sys
import time
from pathlib import Path

# A dozen beats; see worker/upkeep/heartbeat.py.
FRESH_SECONDS = 60.0


def problem(file: Path, now: float) -> str | None:
    """What is wrong with the heartbeat, if anything."""
    try:
        beat = file.stat().st_mtime
    except OSError as error:
        return f"no heartbeat: {error.strerror}"
    # A beat from the future is one from before the clock was put back.
    return f"the last heartbeat is {now - beat:.0f} s old" if abs(now - beat) > FRESH_SECONDS else None


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m worker.health FILE")
    sys.exit(problem(Path(sys.argv[1]), time.time()))
