"""Galleries of freshly drawn scenes with their vectors, which the evaluation searches."""

# ruff: noqa: S311 - chance decides pictures and words here, no secrets

import multiprocessing
import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image
from transformers import CLIPImageProcessor

from embedded.demo_model.encoder import Encoder, Vectors
from embedded.scenes.painter import paint
from embedded.scenes.sampler import random_change, random_scene
from embedded.scenes.samples import JPEG_QUALITY
from embedded.scenes.scene import Scene
from embedded.scenes.vocabulary import ATTRIBUTES

CHUNK = 100
"""Scenes that a process draws at a time."""

WORTH_A_POOL = 1000
"""Scenes. Each process of a pool imports transformers for 6 s; a scene takes 45 ms."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """Scenes and the unit vectors of their photos, row by row."""

    scenes: list[Scene]
    vectors: Vectors

    def nearest(self, query: Vectors, count: int) -> list[int]:
        """The rows closest to a unit vector, closest first."""
        return [int(row) for row in np.argsort(-(self.vectors @ query))[:count]]


@dataclass(frozen=True, slots=True)
class Change:
    """The row of a scene, and the same scene with one attribute changed, which is also in the gallery."""

    row: int
    attribute: str
    changed: Scene


def draw_gallery(encoder: Encoder, scenes: list[Scene], folder: Path) -> Gallery:
    """Draws the scenes in full quality, saves each as a JPEG in memory, and encodes the decoded JPEGs."""
    if len(scenes) < WORTH_A_POOL:
        _load_processor(folder)
        return Gallery(scenes, encoder.pixels(_photographed(scenes)))
    chunks = [scenes[start : start + CHUNK] for start in range(0, len(scenes), CHUNK)]
    with multiprocessing.get_context("spawn").Pool(os.cpu_count() or 1, _load_processor, (folder,)) as workers:
        pixels = np.concatenate(workers.map(_photographed, chunks, chunksize=1))
    return Gallery(scenes, encoder.pixels(pixels))


def random_scenes(count: int, seed: int) -> list[Scene]:
    """Scenes with seeds that training never uses, held-out combinations among them."""
    rng = Random(seed)
    return [random_scene(rng) for _ in range(count)]


def changes_among(scenes: list[Scene], per_attribute: int, seed: int) -> list[Change]:
    """Changes for each attribute; the changed scenes are to be added to the gallery."""
    rng = Random(seed)
    wanted = dict.fromkeys(ATTRIBUTES, per_attribute)
    changes = []
    while any(wanted.values()):
        row = rng.randrange(len(scenes))
        attribute, changed = random_change(scenes[row], rng)
        if wanted[attribute]:
            wanted[attribute] -= 1
            changes.append(Change(row, attribute, changed))
    return changes


def photograph(scene: Scene) -> Image.Image:
    """The scene as a client would send it: painted, compressed as JPEG, decoded."""
    file = BytesIO()
    paint(scene).save(file, "JPEG", quality=JPEG_QUALITY)
    return Image.open(file).convert("RGB")


_processors: list[CLIPImageProcessor] = []


def _load_processor(folder: Path) -> None:
    _processors[:] = [CLIPImageProcessor.from_pretrained(folder)]


def _photographed(scenes: list[Scene]) -> Vectors:
    pixels = _processors[0]([photograph(scene) for scene in scenes], return_tensors="np")["pixel_values"]
    return np.asarray(pixels, dtype=np.float32)
