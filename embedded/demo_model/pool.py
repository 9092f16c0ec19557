"""The training pictures: pairs of scenes that differ in one attribute, drawn once and kept on disk."""

# ruff: noqa: S311 - chance decides pictures and words here, no secrets

import hashlib
import multiprocessing
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from embedded import scenes
from embedded.demo_model.architecture import IMAGE_SIZE, demo_processor
from embedded.scenes.painter import paint
from embedded.scenes.sampler import training_change, training_scene
from embedded.scenes.scene import Scene

CHUNK = 250


@dataclass(frozen=True, slots=True)
class Pair:
    """A scene, the same with one attribute changed, and that attribute's name."""

    before: Scene
    after: Scene
    attribute: str


@dataclass(frozen=True, slots=True)
class Pool:
    """Pairs with their pictures: uint8 of shape (pairs, 2, 3, IMAGE_SIZE, IMAGE_SIZE), before normalisation."""

    pairs: list[Pair]
    pictures: npt.NDArray[np.uint8]


def training_pairs(count: int, seed: int) -> list[Pair]:
    """`count` random pairs, none of them held out."""
    rng = Random(seed)
    pairs = []
    for _ in range(count):
        before = training_scene(rng)
        attribute, after = training_change(before, rng)
        pairs.append(Pair(before, after, attribute))
    return pairs


def load_pool(count: int, seed: int, processes: int) -> Pool:
    """The pool from the disk cache. Drawn first if the cache has none for this version of the scenes."""
    pairs = training_pairs(count, seed)
    cache = Path(tempfile.gettempdir()) / f"lichtbild-pool-{count}-{seed}-{IMAGE_SIZE}-{_drawing_version()}.npy"
    if not cache.exists():
        drawn = cache.with_suffix(".part.npy")
        np.save(drawn, _draw(pairs, processes))
        drawn.rename(cache)
    return Pool(pairs, np.load(cache, mmap_mode="r"))


def preprocess(scene_list: list[Scene]) -> npt.NDArray[np.uint8]:
    """Draws scenes and applies the model's own processor, except for the normalisation."""
    options: dict[str, Any] = {"do_rescale": False, "do_normalize": False, "return_tensors": "np"}
    pixels = demo_processor()([paint(scene, oversampling=1) for scene in scene_list], **options)["pixel_values"]
    return np.asarray(pixels, dtype=np.uint8)


def _draw(pairs: list[Pair], processes: int) -> npt.NDArray[np.uint8]:
    flat = [scene for pair in pairs for scene in (pair.before, pair.after)]
    chunks = [flat[start : start + CHUNK] for start in range(0, len(flat), CHUNK)]
    with multiprocessing.get_context("spawn").Pool(processes) as workers:
        drawn = np.concatenate(workers.map(preprocess, chunks, chunksize=1))
    return drawn.reshape(len(pairs), 2, 3, IMAGE_SIZE, IMAGE_SIZE)


def _drawing_version() -> str:
    """A digest of the scenes' source, so that pictures of older code are not reused."""
    digest = hashlib.sha256()
    for path in sorted(Path(scenes.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
