"""Decodes every file of a folder, one line of JSON for each: run as a process of its own, since a decoder may crash.

`python -m tests.faults.corpus_worker FOLDER` writes `{"name"}` before a file, `{"outcome", "seconds"}` after it.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from shared.errors import ItemError
from shared.settings import Settings
from worker.images.decoder import decode, kept_pixels

# The edge of CLIP ViT-B/32.
_EDGE = 224


def outcome(content: bytes, settings: Settings) -> str:
    """`decoded`, `one_colour`, or the code of the error."""
    try:
        picture = decode(content, settings.max_image_pixels, kept_pixels(settings, _EDGE))
    except ItemError as error:
        return error.code
    extremes: Any = picture.getextrema()
    return "one_colour" if all(low == high for low, high in extremes) else "decoded"


def main(folder: Path) -> None:
    settings = Settings()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        _write({"name": path.relative_to(folder).as_posix()})
        began = time.monotonic()
        found = outcome(content, settings)
        _write({"outcome": found, "seconds": time.monotonic() - began})


def _write(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
