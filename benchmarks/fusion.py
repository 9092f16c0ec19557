"""Ways to make one ranking of a photo and a text that changes it, on scenes that the demo model has never seen.

    python -m benchmarks.fusion --json build/fusion.json

A query is the photo of a scene and a text; wanted is the same scene as the text changes it, among thousands of others:

    one        one attribute is changed, and the text says just that ("at night")
    sentence   one is changed, and the text names another one, too, that stays ("a dog at night")
    two        two are changed, and the text says both

The photo itself and all scenes that share most of the attributes are in the collection. Every method takes a weight of
the text; the weight that serves it best is chosen on some galleries and judged on others. Late fusion is given the
whole collection's scores and ranks, which is more than a catalogue's top lists would give it.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import arguments_of, table, write_figures
from embedded.demo_model import MODEL_FOLDER
from embedded.demo_model.encoder import Encoder
from embedded.demo_model.gallery import Gallery, draw_gallery, random_scenes
from embedded.scenes.captions import caption
from embedded.scenes.sampler import random_change
from embedded.scenes.scene import Scene, is_held_out
from embedded.scenes.vocabulary import ATTRIBUTES

Matrix = NDArray[np.floating]
KINDS = ("one", "sentence", "two")
REFERENCE = "weighted mean"
# Cormack, Clarke and Büttcher (2009): the constant of reciprocal rank fusion.
RRF_CONSTANT = 60


@dataclass(frozen=True)
class Similarities:
    """Cosine similarities of queries to all photos, (queries, photos) each, and of each photo to its own text."""

    photo: Matrix
    text: Matrix
    between: Matrix


@dataclass(frozen=True)
class Query:
    """A photo by row, the text said about it, and the scene that is meant."""

    kind: str
    row: int
    text: str
    wanted: Scene


@dataclass(frozen=True)
class Judged:
    """One gallery's queries and, by method and weight, the rank of the first right photo of each, counted from 1."""

    queries: Sequence[Query]
    ranks: dict[tuple[str, float], NDArray[np.float64]]


@dataclass(frozen=True)
class Line:
    """One method at one weight: means over galleries, and its gain over the weighted mean with its standard error."""

    method: str
    weight: float
    first: float
    in_five: float
    reciprocal_rank: float
    by_kind: dict[str, float]
    over_reference: float
    standard_error: float


def weighted_mean(found: Similarities, weight: float) -> Matrix:
    """The normalised weighted mean of the unit vectors; to rank by it is to rank by the weighted sum of cosines."""
    return (1 - weight) * found.photo + weight * found.text


def slerp(found: Similarities, weight: float) -> Matrix:
    """Along the great circle from photo to text (Shoemake 1985)."""
    angle = np.arccos(np.clip(found.between, -1, 1))[:, None]
    return (np.sin((1 - weight) * angle) * found.photo + np.sin(weight * angle) * found.text) / np.sin(angle)


def sum_of_standard_scores(found: Similarities, weight: float) -> Matrix:
    """Each term's similarities in standard deviations of the collection's."""
    return (1 - weight) * _standard(found.photo) + weight * _standard(found.text)


def max_of_standard_scores(found: Similarities, weight: float) -> Matrix:
    """The better of the two."""
    return np.asarray(np.maximum((1 - weight) * _standard(found.photo), weight * _standard(found.text)))


def min_of_standard_scores(found: Similarities, weight: float) -> Matrix:
    """The worse of the two: both have to fit. The weight shifts what counts as equally good."""
    return np.asarray(np.minimum(_standard(found.photo) / (1 - weight), _standard(found.text) / weight))


def product_of_ranks(found: Similarities, weight: float) -> Matrix:
    return -(1 - weight) * np.log(_ranks(found.photo)) - weight * np.log(_ranks(found.text))


def reciprocal_ranks(found: Similarities, weight: float) -> Matrix:
    """Reciprocal rank fusion, weighted."""
    photo, text = RRF_CONSTANT + _ranks(found.photo), RRF_CONSTANT + _ranks(found.text)
    return (1 - weight) / photo + weight / text


METHODS: dict[str, Callable[[Similarities, float], Matrix]] = {
    REFERENCE: weighted_mean,
    "slerp": slerp,
    "sum of z-scores": sum_of_standard_scores,
    "max of z-scores": max_of_standard_scores,
    "min of z-scores": min_of_standard_scores,
    "product of ranks": product_of_ranks,
    "RRF": reciprocal_ranks,
}


def main() -> None:
    arguments = _arguments()
    encoder = Encoder(MODEL_FOLDER)
    numbers = range(arguments.tuning + arguments.galleries)
    judged = [judge(encoder, *draw(encoder, arguments, number), arguments.weights) for number in numbers]
    tuning, test = judged[: arguments.tuning], judged[arguments.tuning :]
    every = {method: [_line(test, method, weight, weight) for weight in arguments.weights] for method in METHODS}
    weights = {method: _best_weight(tuning, method, arguments.weights) for method in METHODS}
    chosen = [_line(test, method, weight, weights[REFERENCE]) for method, weight in weights.items()]
    facts = {
        "photos_per_gallery": arguments.scenes + len(test[0].queries),
        "queries_per_gallery": len(test[0].queries),
        "galleries": len(test),
        "queries": sum(len(one.queries) for one in test),
    }
    _print(every, chosen, facts)
    write_figures(arguments.json, {**facts, "weights": every, "chosen": chosen})


def draw(encoder: Encoder, arguments: argparse.Namespace, number: int) -> tuple[list[Query], Gallery]:
    """Queries of each kind and a gallery of random scenes, among them what the queries want; the same for a number."""
    rng = Random(f"fusion {number}")
    scenes = random_scenes(arguments.scenes, rng.getrandbits(32))
    queries = [_query(kind, scenes, rng) for kind in KINDS for _ in range(arguments.queries)]
    return queries, draw_gallery(encoder, scenes + [query.wanted for query in queries], MODEL_FOLDER)


def judge(encoder: Encoder, queries: Sequence[Query], gallery: Gallery, weights: Sequence[float]) -> Judged:
    """Rank the gallery for every query by every method at every weight of the text."""
    photos = gallery.vectors[[query.row for query in queries]]
    texts = encoder.texts([query.text for query in queries])
    between = np.einsum("qd,qd->q", photos, texts)
    found = Similarities(photos @ gallery.vectors.T, texts @ gallery.vectors.T, between)
    codes = _codes(gallery.scenes)
    right = codes[None, :] == _codes([query.wanted for query in queries])[:, None]
    ranks = {
        (name, weight): first_ranks(method(found, weight), right)
        for name, method in METHODS.items()
        for weight in weights
    }
    return Judged(queries, ranks)


def _query(kind: str, scenes: Sequence[Scene], rng: Random) -> Query:
    row = rng.randrange(len(scenes))
    attribute, wanted = random_change(scenes[row], rng)
    said = {attribute}
    while len(said) < (1 if kind == "one" else 2):
        if kind == "sentence":
            said.add(rng.choice(ATTRIBUTES))
        else:
            attribute, changed = random_change(wanted, rng)
            if attribute not in said:
                said.add(attribute)
                wanted = changed
    return Query(kind, row, caption(wanted, said, rng).text, wanted)


def _codes(scenes: Sequence[Scene]) -> NDArray[np.str_]:
    return np.array([" ".join(scene.attributes().values()) for scene in scenes])


def first_ranks(scores: Matrix, right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The rank of the best right photo of each query; of wrong ones that tie with it, half stand before it."""
    best = np.where(right, scores, -np.inf).max(axis=1, keepdims=True)
    before = ((scores > best) & ~right).sum(axis=1) + ((scores == best) & ~right).sum(axis=1) / 2
    return np.asarray(1 + before, np.float64)


def _standard(similarities: Matrix) -> Matrix:
    centred = similarities - similarities.mean(axis=1, keepdims=True)
    return np.asarray(centred / similarities.std(axis=1, keepdims=True), np.float32)


def _ranks(similarities: Matrix) -> Matrix:
    order = np.argsort(-similarities, axis=1)
    ranks = np.empty_like(similarities)
    np.put_along_axis(ranks, order, np.arange(1, similarities.shape[1] + 1, dtype=np.float32)[None, :], axis=1)
    return ranks


def _best_weight(judged: Sequence[Judged], method: str, weights: Sequence[float]) -> float:
    return max(weights, key=lambda weight: np.mean([(1 / one.ranks[method, weight]).mean() for one in judged]))


def _line(judged: Sequence[Judged], method: str, weight: float, reference_weight: float) -> Line:
    ranks = np.concatenate([one.ranks[method, weight] for one in judged])
    queries = [query for one in judged for query in one.queries]
    groups = {kind: np.array([query.kind == kind for query in queries]) for kind in KINDS}
    groups["held out"] = np.array([is_held_out(query.wanted) for query in queries])
    # Paired within a gallery; the galleries are what is independent.
    gains = [(1 / one.ranks[method, weight] - 1 / one.ranks[REFERENCE, reference_weight]).mean() for one in judged]
    error = np.std(gains, ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.nan
    return Line(
        method,
        weight,
        first=float((ranks < 1.5).mean()),
        in_five=float((ranks < 5.5).mean()),
        reciprocal_rank=float((1 / ranks).mean()),
        by_kind={name: float((1 / ranks[mask]).mean()) for name, mask in groups.items()},
        over_reference=float(np.mean(gains)),
        standard_error=float(error),
    )


def _print(every: dict[str, list[Line]], chosen: Sequence[Line], facts: dict[str, Any]) -> None:
    print(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items()))
    print("\nMean reciprocal rank by the weight of the text\n")
    weights = [f"{line.weight:g}" for line in every[REFERENCE]]
    print(
        table(
            ["", *weights],
            ([name, *(f"{line.reciprocal_rank:.3f}" for line in lines)] for name, lines in every.items()),
        )
    )
    print(f"\nAt the weight that the tuning galleries chose; gain is over the {REFERENCE} in mean 1/rank\n")
    header = ["", "weight", "first", "in five", "mean 1/rank", *chosen[0].by_kind, "gain", "standard error"]
    print(table(header, (_cells(line) for line in chosen)))


def _cells(line: Line) -> list[str]:
    rates = (line.first, line.in_five, line.reciprocal_rank, *line.by_kind.values())
    gain = [f"{line.over_reference:+.3f}", f"{line.standard_error:.3f}"]
    return [line.method, f"{line.weight:g}", *(f"{rate:.3f}" for rate in rates), *gain]


def _arguments() -> argparse.Namespace:
    parser = arguments_of("benchmarks.fusion", __doc__)
    parser.add_argument("--scenes", type=int, default=3000, help="in a gallery, beside what is wanted")
    parser.add_argument("--queries", type=int, default=250, help="of each of the three kinds, in each gallery")
    parser.add_argument("--galleries", type=int, default=6, help="on which methods are judged")
    parser.add_argument("--tuning", type=int, default=2, help="galleries on which weights are chosen")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8])
    return parser.parse_args()


if __name__ == "__main__":
    main()
