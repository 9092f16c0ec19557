"""The measurements: precision of text queries, hits of picture-and-text queries."""

# ruff: noqa: S311 - chance decides pictures and words here, no secrets

from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from random import Random

import numpy as np

from embedded.demo_model.encoder import Encoder, Vectors
from embedded.demo_model.gallery import Change, Gallery
from embedded.scenes.captions import caption
from embedded.scenes.scene import Scene, is_held_out
from embedded.scenes.vocabulary import ATTRIBUTES, VALUES

TOP = 5


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the table; `target` is None where a number is only reported."""

    name: str
    value: float
    queries: int
    target: float | None = None

    def is_met(self) -> bool:
        """Whether the value reaches the target, if there is one."""
        return self.target is None or self.value >= self.target


def text_score(
    name: str, encoder: Encoder, gallery: Gallery, attributes: tuple[str, ...], target: float | None
) -> Score:
    """Mean precision in the top five over all combinations of the attributes' values.

    Combinations held out of training and those with fewer than five photos in the gallery are left out.
    """
    combinations = [values for values in _combinations(gallery, attributes) if not _held_out(attributes, values)]
    return Score(name, *_precision(encoder, gallery, attributes, combinations), target)


def held_out_score(name: str, encoder: Encoder, gallery: Gallery, attributes: tuple[str, ...], target: float) -> Score:
    """The same over the combinations held out of training only."""
    combinations = [values for values in _combinations(gallery, attributes) if _held_out(attributes, values)]
    return Score(name, *_precision(encoder, gallery, attributes, combinations), target)


def change_scores(encoder: Encoder, gallery: Gallery, changes: list[Change], target: float) -> list[Score]:
    """Share of photo-and-text queries with the changed scene in the top five, per attribute and over all."""
    hits: dict[str, list[bool]] = defaultdict(list)
    texts = encoder.texts([_change_text(change) for change in changes])
    for change, text in zip(changes, texts, strict=True):
        found = gallery.nearest(combined(gallery.vectors[change.row], text), TOP)
        wanted = change.changed.attributes()
        hits[change.attribute].append(any(gallery.scenes[row].attributes() == wanted for row in found))
    scores = [Score(f"photo + changed {name}", float(np.mean(hits[name])), len(hits[name])) for name in ATTRIBUTES]
    every = [hit for name in ATTRIBUTES for hit in hits[name]]
    return [*scores, Score("photo + any change", float(np.mean(every)), len(every), target)]


def combined(photo: Vectors, text: Vectors) -> Vectors:
    """The query for a photo and a text together: the normalised mean of their unit vectors."""
    mean = (photo + text) / 2
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


def _change_text(change: Change) -> str:
    rng = Random(change.changed.seed)
    return caption(change.changed, (change.attribute,), rng).text


def _combinations(gallery: Gallery, attributes: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The combinations with at least `TOP` photos in the gallery."""
    present = [tuple(getattr(scene, name) for name in attributes) for scene in gallery.scenes]
    every = product(*(VALUES[name] for name in attributes))
    return [values for values in every if present.count(values) >= TOP]


def _held_out(attributes: tuple[str, ...], values: tuple[str, ...]) -> bool:
    """Whether training saw no scene at all with these values."""
    stated = dict(zip(attributes, values, strict=True))
    every = product(*(VALUES[name] if name not in stated else (stated[name],) for name in ATTRIBUTES))
    return all(is_held_out(Scene(**dict(zip(ATTRIBUTES, combination, strict=True)), seed=0)) for combination in every)


def _precision(
    encoder: Encoder, gallery: Gallery, attributes: tuple[str, ...], combinations: list[tuple[str, ...]]
) -> tuple[float, int]:
    queries = encoder.texts([_query_text(attributes, values) for values in combinations])
    precisions = []
    for values, query in zip(combinations, queries, strict=True):
        found = [gallery.scenes[row] for row in gallery.nearest(query, TOP)]
        precisions.append(np.mean([tuple(getattr(scene, name) for name in attributes) == values for scene in found]))
    return float(np.mean(precisions)), len(precisions)


def _query_text(attributes: tuple[str, ...], values: tuple[str, ...]) -> str:
    """One of many wordings for the values; which one depends on the values only."""
    stated = {name: options[0] for name, options in VALUES.items()} | dict(zip(attributes, values, strict=True))
    return caption(Scene(**stated, seed=0), attributes, Random(" ".join(values))).text
