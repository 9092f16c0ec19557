"""Methods to rank photos by a photo and a text that modifies it, on scenes that the demo model has never seen.

    python -m benchmarks.fusion --json build/fusion.json

A query is the photo of a scene and a text. The target is the same scene, modified by the text, among thousands:

    one        one attribute changes, and the text names only that ("at night")
    sentence   one attribute changes, and the text names an unchanged one, too ("a dog at night")
    two        two attributes change, and the text names both

The query photo and many scenes that share most of its attributes are in the collection. Every method has a weight for
the text; the best weight is chosen on some galleries and judged on others. Late fusion gets the scores and ranks of the
whole collection, which is more than the top lists of a catalogue would give it.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import argument_parser, facts_line, table, write_figures
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
    """Cosines of a query's `photo` and `text` to all photos, (queries, photos), and `between` the two, (queries,)."""

    photo: Matrix
    text: Matrix
    between: Matrix


@dataclass(frozen=True)
class Query:
    """The row of the query photo, the query text, and the target scene."""

    kind: str
    row: int
    text: str
    target: Scene


@dataclass(frozen=True)
class Judged:
    """The queries of one gallery and, by method and weight, the rank of each query's first target, counted from 1."""

    queries: Sequence[Query]
    ranks: dict[tuple[str, float], NDArray[np.float64]]


@dataclass(frozen=True)
class Line:
    """One method at one weight: means over galleries, and the gain over the weighted mean with its standard error."""

    method: str
    weight: float
    first: float
    in_five: float
    reciprocal_rank: float
    by_kind: dict[str, float]
    over_reference: float
    standard_error: float


def weighted_mean(found: Similarities, weight: float) -> Matrix:
    """The normalised weighted mean of the unit vectors, which ranks like the weighted sum of the cosines."""
    return (1 - weight) * found.photo + weight * found.text


def slerp(found: Similarities, weight: float) -> Matrix:
    """Spherical interpolation from photo to text (Shoemake, 1985)."""
    angle = np.arccos(np.clip(found.between, -1, 1))[:, None]
    return (np.sin((1 - weight) * angle) * found.photo + np.sin(weight * angle) * found.text) / np.sin(angle)


def sum_of_standard_scores(found: Similarities, weight: float) -> Matrix:
    """The weighted sum of z-scores: similarities in standard deviations over the collection."""
    return (1 - weight) * _standard(found.photo) + weight * _standard(found.text)


def max_of_standard_scores(found: Similarities, weight: float) -> Matrix:
    """The larger of the two weighted z-scores."""
    return np.asarray(np.maximum((1 - weight) * _standard(found.photo), weight * _standard(found.text)))


def min_of_standard_scores(found: Similarities, weight: float) -> Matrix:
    """The smaller of the two weighted z-scores: both terms have to match."""
    return np.asarray(np.minimum(_standard(found.photo) / (1 - weight), _standard(found.text) / weight))


def product_of_ranks(found: Similarities, weight: float) -> Matrix:
    """The weighted geometric mean of the ranks, as a negated logarithm."""
    return -(1 - weight) * np.log(_ranks(found.photo)) - weight * np.log(_ranks(found.text))


def reciprocal_ranks(found: Similarities, weight: float) -> Matrix:
    """Weighted reciprocal rank fusion (RRF)."""
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
    """Queries of each kind, and a gallery of random scenes and all targets. Deterministic for a number."""
    rng = Random(f"fusion {number}")
    scenes = random_scenes(arguments.scenes, rng.getrandbits(32))
    queries = [_query(kind, scenes, rng) for kind in KINDS for _ in range(arguments.queries)]
    return queries, draw_gallery(encoder, scenes + [query.target for query in queries], MODEL_FOLDER)


def judge(encoder: Encoder, queries: Sequence[Query], gallery: Gallery, weights: Sequence[float]) -> Judged:
    """Rank the gallery for every query, by every method and every weight of the text."""
    photos = gallery.vectors[[query.row for query in queries]]
    texts = encoder.texts([query.text for query in queries])
    between = np.einsum("qd,qd->q", photos, texts)
    found = Similarities(photos @ gallery.vectors.T, texts @ gallery.vectors.T, between)
    codes = _codes(gallery.scenes)
    right = codes[None, :] == _codes([query.target for query in queries])[:, None]
    ranks = {
        (name, weight): first_ranks(method(found, weight), right)
        for name, method in METHODS.items()
        for weight in weights
    }
    return Judged(queries, ranks)


def _query(kind: str, scenes: Sequence[Scene], rng: Random) -> Query:
    row = rng.randrange(len(scenes))
    attribute, target = random_change(scenes[row], rng)
    named = {attribute}
    while len(named) < (1 if kind == "one" else 2):
        if kind == "sentence":
            named.add(rng.choice(ATTRIBUTES))
        else:
            attribute, changed = random_change(target, rng)
            if attribute not in named:
                named.add(attribute)
                target = changed
    return Query(kind, row, caption(target, named, rng).text, target)


def _codes(scenes: Sequence[Scene]) -> NDArray[np.str_]:
    return np.array([" ".join(scene.attributes().values()) for scene in scenes])


def first_ranks(scores: Matrix, right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The rank of the best target of each query, (queries,). Wrong photos that tie with it count half."""
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
    groups["held out"] = np.array([is_held_out(query.target) for query in queries])
    # Queries are paired within a gallery; only the galleries are independent samples.
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
    print(facts_line(facts))
    print("\nMean reciprocal rank (MRR) by weight of the text\n")
    weights = [f"{line.weight:g}" for line in every[REFERENCE]]
    print(
        table(
            ["", *weights],
            ([name, *(f"{line.reciprocal_rank:.3f}" for line in lines)] for name, lines in every.items()),
        )
    )
    print(f"\nAt the best weight on the tuning galleries; gain is the difference in MRR to the {REFERENCE}\n")
    header = ["", "weight", "rank 1", "top 5", "MRR", *chosen[0].by_kind, "gain", "standard error"]
    print(table(header, (_cells(line) for line in chosen)))


def _cells(line: Line) -> list[str]:
    rates = (line.first, line.in_five, line.reciprocal_rank, *line.by_kind.values())
    gain = [f"{line.over_reference:+.3f}", f"{line.standard_error:.3f}"]
    return [line.method, f"{line.weight:g}", *(f"{rate:.3f}" for rate in rates), *gain]


def _arguments() -> argparse.Namespace:
    parser = argument_parser("benchmarks.fusion", __doc__)
    parser.add_argument("--scenes", type=int, default=3000, help="random scenes per gallery, without the targets")
    parser.add_argument("--queries", type=int, default=250, help="queries of each kind per gallery")
    parser.add_argument("--galleries", type=int, default=6, help="galleries on which methods are judged")
    parser.add_argument("--tuning", type=int, default=2, help="galleries on which weights are chosen")
    parser.add_argument(
        "--weights",
        type=float,
        nargs="+",
        default=[0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8],
        help="weights of the text to try",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
