"""Draws the sample photos: `python -m embedded.scenes.samples FOLDER`."""

# ruff: noqa: S311 - chance decides pictures and words here, no secrets

import argparse
import csv
import fcntl
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final, TypeVar

from embedded.scenes.captions import description
from embedded.scenes.painter import paint
from embedded.scenes.sampler import COUNT_WEIGHTS, unseen_seed
from embedded.scenes.scene import Scene, is_plausible
from embedded.scenes.vocabulary import ATTRIBUTES, COLOURS, COUNTS, PLACES, SUBJECTS, TIMES

SAMPLE_COUNT: Final = 600
JPEG_QUALITY: Final = 88
INDEX: Final = "photos.tsv"
COLUMNS: Final = ("photo_id", "photo_file", "description", *ATTRIBUTES)
SEED: Final = 600

Item = TypeVar("Item")


def draw_samples(folder: Path, count: int = SAMPLE_COUNT) -> Path:
    """Fills `folder` with `count` JPEG photos and their `photos.tsv`, and returns it. A complete folder is not changed.

    The photos are drawn into a hidden folder next to it, which is renamed at the end: a killed run leaves no incomplete
    folder, and the next run starts from the beginning. A lock file next to it excludes parallel runs.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder):
        if is_complete(folder, count):
            return folder
        _clear(folder)
        unfinished = folder.with_name(f".{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        _draw_all(unfinished, sample_scenes(count))
        unfinished.rename(folder)
    return folder


def is_complete(folder: Path, count: int) -> bool:
    """Whether the index lists `count` photos and all of them are there."""
    index = folder / INDEX
    if not index.is_file():
        return False
    with index.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return len(rows) == count and all((folder / row["photo_file"]).is_file() for row in rows)


def sample_scenes(count: int) -> list[Scene]:
    """The scenes to draw: men on the beach first, then every place, subject, time and colour about equally often."""
    rng = Random(SEED)
    scenes = [
        Scene("beach", time, "man", colour, "one", unseen_seed(rng))
        for time, colour in [
            *((time, "red") for time in TIMES),
            ("day", "blue"),
            ("sunset", "white"),
            ("night", "yellow"),
        ]
    ]
    pairs = _endless(
        [(place, subject) for place in PLACES for subject in SUBJECTS if is_plausible(place, subject)], rng
    )
    times, colours = _endless(list(TIMES), rng), _endless(list(COLOURS), rng)
    counts = _endless([value for value, weight in zip(COUNTS, COUNT_WEIGHTS, strict=True) for _ in range(weight)], rng)
    for place, subject in islice(pairs, max(0, count - len(scenes))):
        scenes.append(Scene(place, next(times), subject, next(colours), next(counts), unseen_seed(rng)))
    return scenes[:count]


def _endless(items: list[Item], rng: Random) -> Iterator[Item]:
    """All items repeatedly, each round in a new random order."""
    while True:
        yield from rng.sample(items, len(items))


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    with folder.with_name(f".{folder.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _draw_all(folder: Path, scenes: list[Scene]) -> None:
    paths = [folder / f"scene-{number:04}.jpg" for number in range(1, len(scenes) + 1)]
    workers = min(len(scenes), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(_draw, scenes, paths, chunksize=20))
    with (folder / INDEX).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        for scene, path in zip(scenes, paths, strict=True):
            writer.writerow([path.stem, path.name, description(scene), *scene.attributes().values()])


def _draw(scene: Scene, path: Path) -> None:
    paint(scene).save(path, "JPEG", quality=JPEG_QUALITY)


def _clear(folder: Path) -> None:
    """Removes the files of an incomplete run. `rmdir` fails if the folder contains anything else."""
    if not folder.exists():
        return
    for path in [folder / INDEX, *folder.glob("scene-*.jpg")]:
        path.unlink(missing_ok=True)
    folder.rmdir()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m embedded.scenes.samples", description="Draw the sample photos.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=SAMPLE_COUNT)
    options = parser.parse_args()
    print(draw_samples(options.folder, options.count))


if __name__ == "__main__":
    main()
