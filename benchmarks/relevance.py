"""Can a search detect that nothing in the collection matches? Signals from its scores, on the demo's scenes.

    python -m benchmarks.relevance --json build/relevance.json

Each query runs on a collection with matches and on the same collection without them:

    subject, place, colour, time   a text that names one of these, often more; all scenes with that value are removed
    pair                           "a dog on the beach"; only the dogs on beaches are removed
    photo                          the photo of a scene; all scenes with its subject are removed
    unknown                        everyday queries in words that the model never learned; nothing ever matches
    nonsense                       random letters
    noise                          a picture of noise

A good signal is higher for queries with matches. AUC is the probability that it is higher for a random query with
matches than for one without; 0.5 is chance. A threshold is set on some galleries so that 5 % of the texts with matches
fall below it, and judged on others.
"""

import argparse
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.report import argument_parser, facts_line, table, write_figures
from embedded.demo_model import MODEL_FOLDER
from embedded.demo_model.encoder import Encoder
from embedded.demo_model.gallery import Gallery, draw_gallery, photograph, random_scenes
from embedded.scenes.captions import caption
from embedded.scenes.scene import Scene
from embedded.scenes.vocabulary import ATTRIBUTES

Scores = NDArray[np.float32]

ATTRIBUTE_KINDS = ("subject", "place", "colour", "time")
TEXT_KINDS = (*ATTRIBUTE_KINDS, "pair")
HOPELESS = ("unknown", "nonsense", "noise")
KINDS = (*TEXT_KINDS, "photo", *HOPELESS)
SAMPLE = 256
FALSE_ALARMS = 0.05

UNKNOWN = (
    "guitar",
    "a plate of spaghetti",
    "laptop",
    "elephant",
    "submarine",
    "wedding rings",
    "football stadium",
    "portrait of a baby",
    "coffee",
    "keyboard",
    "microscope",
    "chess board",
    "airplane",
    "sushi",
    "astronaut",
    "library",
    "dentist",
    "violin",
    "waterfall",
    "pizza",
    "butterfly",
    "giraffe",
    "kitchen sink",
    "fireworks",
    "newspaper",
    "robot",
    "statue of liberty",
    "train station",
    "ice cream",
    "tiger",
    "office meeting",
    "surgery",
    "trumpet",
    "volcano erupting",
    "macro shot of an eye",
    "concert crowd",
    "basketball",
    "northern lights",
    "hands holding a phone",
    "graffiti",
)


@dataclass(frozen=True)
class Query:
    """A unit vector, and which scenes of the gallery match it, (scenes,)."""

    kind: str
    vector: Scores
    matches: NDArray[np.bool_]


@dataclass(frozen=True)
class Observed:
    """Similarities of one query: of its ten best hits, best first, and of a random sample of the collection."""

    best: Scores
    sample: Scores


def quantile_score(seen: Observed) -> float:
    """A z-score by quantiles, which a few outliers (possibly matches) do not move."""
    middle, high = np.quantile(seen.sample, [0.5, 0.9])
    return float((seen.best[0] - middle) / (high - middle))


SIGNALS: dict[str, Callable[[Observed], float]] = {
    "similarity of the best": lambda seen: float(seen.best[0]),
    "best minus tenth": lambda seen: float(seen.best[0] - seen.best[9]),
    "best minus mean": lambda seen: float(seen.best[0] - seen.sample.mean()),
    "z-score of the best": lambda seen: float((seen.best[0] - seen.sample.mean()) / seen.sample.std()),
    "z-score of the fifth": lambda seen: float((seen.best[4] - seen.sample.mean()) / seen.sample.std()),
    "quantile score of the best": quantile_score,
}


def _empty() -> dict[str, dict[str, list[float]]]:
    return {kind: {signal: [] for signal in SIGNALS} for kind in KINDS}


@dataclass
class Readings:
    """Every signal of every query in one gallery, by kind, with matches in the collection and without."""

    matching: dict[str, dict[str, list[float]]] = field(default_factory=_empty)
    hopeless: dict[str, dict[str, list[float]]] = field(default_factory=_empty)


@dataclass(frozen=True)
class Line:
    """One signal: AUC by kind and over all texts; at the threshold, the rates of false alarms and of misses."""

    signal: str
    auc: dict[str, float]
    auc_spread: float
    false_alarms: dict[str, float]
    missed: dict[str, float]


def main() -> None:
    arguments = _arguments()
    encoder = Encoder(MODEL_FOLDER)
    readings = [read(encoder, arguments, number) for number in range(arguments.tuning + arguments.galleries)]
    tuning, test = readings[: arguments.tuning], readings[arguments.tuning :]
    lines = [_line(signal, tuning, test) for signal in SIGNALS]
    facts = {"photos_per_gallery": arguments.scenes, "queries_of_each_kind": arguments.queries * len(test)}
    _print(lines, facts)
    write_figures(arguments.json, {**facts, "signals": lines})


def read(encoder: Encoder, arguments: argparse.Namespace, number: int) -> Readings:
    """Every signal of every query in one gallery. Deterministic for a number."""
    rng = Random(f"relevance {number}")
    sampler = np.random.default_rng(number)
    gallery = draw_gallery(encoder, random_scenes(arguments.scenes, rng.getrandbits(32)), MODEL_FOLDER)
    readings = Readings()
    for query in _queries(encoder, gallery, rng, arguments.queries):
        similarities = gallery.vectors @ query.vector
        if query.matches.any():
            _take(readings.matching[query.kind], _observe(similarities, sampler))
        _take(readings.hopeless[query.kind], _observe(similarities[~query.matches], sampler))
    return readings


def _queries(encoder: Encoder, gallery: Gallery, rng: Random, count: int) -> Iterator[Query]:
    values = {name: np.array([getattr(scene, name) for scene in gallery.scenes]) for name in ATTRIBUTES}
    nothing = np.zeros(len(gallery.scenes), bool)
    for kind in TEXT_KINDS:
        essential = ("subject", "place") if kind == "pair" else (kind,)
        stated = [_stated(kind, essential, gallery.scenes, rng) for _ in range(count)]
        for (scene, _), vector in zip(stated, encoder.texts([text for _, text in stated]), strict=True):
            yield Query(kind, vector, np.logical_and.reduce([values[n] == getattr(scene, n) for n in essential]))
    fresh = random_scenes(count, rng.getrandbits(32))
    for scene, vector in zip(fresh, encoder.pictures([photograph(scene) for scene in fresh]), strict=True):
        yield Query("photo", vector, values["subject"] == scene.subject)
    texts = {"unknown": list(UNKNOWN), "nonsense": [_nonsense(rng) for _ in range(count)]}
    for kind, wording in texts.items():
        for vector in encoder.texts(wording):
            yield Query(kind, vector, nothing)
    noise = np.random.default_rng(rng.getrandbits(32)).integers(0, 256, (count // 4, 96, 96, 3), np.uint8)
    for vector in encoder.pictures([Image.fromarray(picture) for picture in noise]):
        yield Query("noise", vector, nothing)


def _stated(kind: str, essential: Sequence[str], scenes: Sequence[Scene], rng: Random) -> tuple[Scene, str]:
    """A scene of the gallery and a text that names its essential attributes and, half of the time, one more."""
    scene = rng.choice(scenes)
    named = {*essential}
    if kind != "pair" and rng.random() < 0.5:
        named.add(rng.choice(ATTRIBUTES))
    return scene, caption(scene, named, rng).text


def _nonsense(rng: Random) -> str:
    return " ".join("".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 9))) for _ in range(rng.randint(1, 3)))


def _observe(similarities: Scores, sampler: np.random.Generator) -> Observed:
    best = -np.sort(-similarities)[:10]
    return Observed(best, sampler.choice(similarities, min(SAMPLE, len(similarities)), replace=False))


def _take(into: dict[str, list[float]], seen: Observed) -> None:
    for signal, value in SIGNALS.items():
        into[signal].append(value(seen))


def _line(signal: str, tuning: Sequence[Readings], test: Sequence[Readings]) -> Line:
    threshold = float(np.quantile(_texts(tuning, signal), FALSE_ALARMS))
    matching = {kind: _values([one.matching for one in test], kind, signal) for kind in (*TEXT_KINDS, "photo")}
    hopeless = {kind: _values([one.hopeless for one in test], kind, signal) for kind in KINDS}
    auc = {kind: area_under_curve(matching[kind], hopeless[kind]) for kind in matching}
    auc |= {kind: area_under_curve(_texts(test, signal), hopeless[kind]) for kind in ("unknown", "nonsense")}
    auc["noise"] = area_under_curve(matching["photo"], hopeless["noise"])
    by_gallery = [area_under_curve(_texts([one], signal), _hopeless_texts([one], signal)) for one in test]
    auc["all texts"] = float(np.mean(by_gallery))
    return Line(
        signal,
        auc,
        float(np.std(by_gallery, ddof=1)) if len(test) > 1 else float("nan"),
        {kind: float((values < threshold).mean()) for kind, values in matching.items()},
        {kind: float((values >= threshold).mean()) for kind, values in hopeless.items()},
    )


def _values(readings: Sequence[dict[str, dict[str, list[float]]]], kind: str, signal: str) -> NDArray[np.float64]:
    return np.concatenate([one[kind][signal] for one in readings])


def _texts(readings: Sequence[Readings], signal: str) -> NDArray[np.float64]:
    return np.concatenate([_values([one.matching for one in readings], kind, signal) for kind in TEXT_KINDS])


def _hopeless_texts(readings: Sequence[Readings], signal: str) -> NDArray[np.float64]:
    kinds = (*TEXT_KINDS, "unknown", "nonsense")
    return np.concatenate([_values([one.hopeless for one in readings], kind, signal) for kind in kinds])


def area_under_curve(matching: NDArray[np.float64], hopeless: NDArray[np.float64]) -> float:
    """The area under the ROC curve by ranks (Mann-Whitney). Ties count half."""
    below = np.searchsorted(np.sort(hopeless), matching, "left") + np.searchsorted(np.sort(hopeless), matching, "right")
    return float(below.mean() / 2 / len(hopeless))


def _print(lines: Sequence[Line], facts: dict[str, int]) -> None:
    print(facts_line(facts))
    print("\nAUC; for all texts, mean and standard deviation over the galleries\n")
    kinds = [kind for kind in lines[0].auc if kind != "all texts"]
    print(table(["", *kinds, "all texts"], (_auc_cells(line, kinds) for line in lines)))
    print("\nFalse alarms and misses in %, at the threshold for 5 % false alarms\n")
    alarms, missed = list(lines[0].false_alarms), list(lines[0].missed)
    header = ["", *(f"alarm, {kind}" for kind in alarms), *(f"missed, {kind}" for kind in missed)]
    print(table(header, (_threshold_cells(line, alarms, missed) for line in lines)))


def _auc_cells(line: Line, kinds: Sequence[str]) -> list[str]:
    every = f"{line.auc['all texts']:.3f} ± {line.auc_spread:.3f}"
    return [line.signal, *(f"{line.auc[kind]:.3f}" for kind in kinds), every]


def _threshold_cells(line: Line, alarms: Sequence[str], missed: Sequence[str]) -> list[str]:
    shares = [*(line.false_alarms[kind] for kind in alarms), *(line.missed[kind] for kind in missed)]
    return [line.signal, *(f"{100 * share:.0f}" for share in shares)]


def _arguments() -> argparse.Namespace:
    parser = argument_parser("benchmarks.relevance", __doc__)
    parser.add_argument("--scenes", type=int, default=3000, help="scenes per gallery")
    parser.add_argument("--queries", type=int, default=200, help="queries of each kind per gallery")
    parser.add_argument("--galleries", type=int, default=4, help="galleries on which signals are judged")
    parser.add_argument("--tuning", type=int, default=2, help="galleries on which thresholds are set")
    return parser.parse_args()


if __name__ == "__main__":
    main()
