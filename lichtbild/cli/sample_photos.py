"""The sample photos: drawn once into a cache, and listed with the URLs at which a stack serves them."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from lichtbild.cli.terminal import step

Sample = dict[str, str]


def draw_sample_photos(cache: Path) -> Path:
    """The folder of the sample photos in `cache`; draws them if they are missing."""
    from embedded.scenes.samples import draw_samples

    folder = sample_folder(cache)
    if folder.is_dir():
        # Draws only the missing ones.
        return draw_samples(folder)
    with step("Drawing 600 sample photos, once"):
        return draw_samples(folder)


def sample_cache(otherwise: Path) -> Path:
    """The user's cache folder; `otherwise` if it cannot be written to."""
    import platformdirs

    cache = platformdirs.user_cache_path("lichtbild")
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
        if os.access(cache, os.W_OK):
            return cache
    return otherwise


def sample_folder(cache: Path) -> Path:
    """The folder in `cache` for this version of the generator, named by the digest of its source."""
    import embedded.scenes

    source = Path(embedded.scenes.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(source.rglob("*.py")):
        digest.update(path.read_bytes())
    return cache / f"samples-{digest.hexdigest()[:12]}"


def read_samples(folder: Path) -> list[Sample]:
    """The rows of the index: photo_id, photo_file, description, place, time, subject, colour, count."""
    with (folder / "photos.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def sample_items(folder: Path, api: str) -> Iterator[dict[str, Any]]:
    """The items to ingest, with the URLs at which the stack at `api` serves the folder."""
    for row in read_samples(folder):
        attributes = {name: value for name, value in row.items() if name not in ("photo_id", "photo_file")}
        yield {"photo_id": row["photo_id"], "url": f"{api}/samples/{row['photo_file']}", "attributes": attributes}


def write_manifest(folder: Path, api: str, path: Path) -> None:
    """Write the items as NDJSON, for `lichtbild ingest`."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(item) + "\n" for item in sample_items(folder, api))
