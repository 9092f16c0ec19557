"""`python -m benchmarks.stages_alone --photos FOLDER --collection NAME`: the two stages of a search, each alone.

`benchmarks.search` runs it in the environment of its search worker, so that model, threads, precision, batch sizes and
catalogue are the same. It calls the encoder (through its batcher) and then the catalogue from several threads while
nothing else runs, and prints JSON.
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
    """Encoder and catalogue of a search worker. `vectors` are the queries of the catalogue stage."""

    settings: Settings
    encoder: ClipEncoder
    batcher: Batcher
    photos: Sequence[bytes]
    catalogue: Catalogue
    collection: str
    vectors: Sequence[Vector]

    def ask(self, stage: str) -> Callable[[int], None]:
        """A function that runs the stage once: it encodes one query of a kind, or searches the catalogue once."""
        if stage in KINDS:
            return lambda turn: self._encode(stage, turn)
        return lambda turn: self._search(turn, exact=stage == "exact")

    def _encode(self, kind: str, turn: int) -> None:
        """Submit text and picture of one query together and wait for both vectors."""
        pending = []
        if kind != "image":
            pending.append(self.batcher.submit_text(short_text()))
        if kind != "text":
            shortest = kept_pixels(self.settings, self.encoder.edge)
            picture = decode(self.photos[turn % len(self.photos)], self.settings.max_image_pixels, shortest)
            pending.append(self.batcher.submit_image(self.encoder.prepare(picture), is_query=True))
        for future in pending:
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
        stage: [_measure(stages.ask(stage), clients, arguments.seconds) for clients in arguments.clients]
        for stage in arguments.stages
    }
    stages.batcher.close()
    print(json.dumps({"encoder": encoder.facts(), "alone": alone}))


def _measure(ask: Callable[[int], None], clients: int, seconds: float) -> dict[str, Any]:
    """Latencies and rate of one stage. Calls that raise `UnavailableError` do not count towards the rate."""

    def attempt(turn: int) -> bool:
        try:
            ask(turn)
        except UnavailableError:
            return False
        return True

    attempt(0)
    loop = closed_loop(attempt, clients, seconds)
    failed = sum(not succeeded for _, succeeded in loop.results)
    times = {"p50_ms": loop.percentile(50), "p95_ms": loop.percentile(95)}
    per_second = loop.per_second * (1 - failed / len(loop.results))
    return {"clients": clients, **times, "per_second": per_second, "failed": failed}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages_alone", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder of query pictures")
    parser.add_argument("--collection", required=True)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=6.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
