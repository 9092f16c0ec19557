"""`python -m benchmarks.stages_alone --photos FOLDER --collection NAME`: what a search's two stages do by themselves.

Run by `benchmarks.search` with the environment of its search worker, so that model, threads, precision, batches and
catalogue are the same: the encoder behind its batcher, and the catalogue, each asked by so many threads at once, while
nothing else runs. It prints JSON.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.closed_loop import closed_loop
from benchmarks.queries import KINDS, short_text
from shared.catalogue.connect import connect
from shared.catalogue.interface import Catalogue, Vector
from shared.errors import UnavailableError
from shared.settings import Settings, load_settings
from worker.images.decoder import decode, kept_pixels
from worker.model.batcher import Batcher
from worker.model.encoder import ClipEncoder
from worker.model.tuning import tune

STAGES = (*KINDS, "exact", "indexed")
TOP = 5


@dataclass(frozen=True)
class Stages:
    """The parts of a search worker that take its time; `vectors` are what is looked for in the catalogue."""

    settings: Settings
    encoder: ClipEncoder
    batcher: Batcher
    photos: Sequence[bytes]
    catalogue: Catalogue
    collection: str
    vectors: Sequence[Vector]

    def ask(self, stage: str) -> Callable[[int], None]:
        """One turn of a stage: the encoding of one query of a kind, or one look into the catalogue."""
        if stage in KINDS:
            return lambda turn: self._encode(stage, turn)
        return lambda turn: self._search(turn, exact=stage == "exact")

    def _encode(self, kind: str, turn: int) -> None:
        """A query's text and its picture go to the model side by side."""
        waited_for = []
        if kind != "image":
            waited_for.append(self.batcher.submit_text(short_text()))
        if kind != "text":
            shortest = kept_pixels(self.settings, self.encoder.edge)
            picture = decode(self.photos[turn % len(self.photos)], self.settings.max_image_pixels, shortest)
            waited_for.append(self.batcher.submit_image(self.encoder.prepare(picture), is_query=True))
        for future in waited_for:
            future.result()

    def _search(self, turn: int, *, exact: bool) -> None:
        self.catalogue.search(self.collection, self.vectors[turn % len(self.vectors)], TOP, exact=exact)


def main() -> None:
    arguments = _arguments()
    settings = load_settings()
    encoder = ClipEncoder(settings)
    tune(encoder, settings, "latency")
    stages = Stages(
        settings,
        encoder,
        Batcher(encoder),
        [path.read_bytes() for path in sorted(arguments.photos.iterdir())],
        connect(settings),
        arguments.collection,
        list(encoder.encode_texts([short_text() for _ in range(encoder.text_batch_size)])),
    )
    alone = {
        stage: [_measured(stages.ask(stage), clients, arguments.seconds) for clients in arguments.clients]
        for stage in arguments.stages
    }
    stages.batcher.close()
    print(json.dumps({"encoder": encoder.facts(), "alone": alone}))


def _measured(ask: Callable[[int], None], clients: int, seconds: float) -> dict[str, Any]:
    """What was refused or failed for the catalogue's part counts as nothing done."""

    def attempt(turn: int) -> bool:
        try:
            ask(turn)
        except UnavailableError:
            return False
        return True

    attempt(0)
    done = closed_loop(attempt, clients, seconds)
    failed = sum(not succeeded for _, succeeded in done.results)
    times = {"p50_ms": done.percentile(50), "p95_ms": done.percentile(95)}
    per_second = done.per_second * (1 - failed / len(done.results))
    return {"clients": clients, **times, "per_second": per_second, "failed": failed}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages_alone", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder of pictures to search by")
    parser.add_argument("--collection", required=True)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=6.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
