"""What a thumbnail of each photo costs an ingest: core-milliseconds and bytes.

    python -m benchmarks.thumbnails --json build/thumbnails.json

The rest of an image's way is measured in the same run, each on one thread: from JPEG bytes to the model's input, and
the model itself in bfloat16, which is the fastest where the processor has AMX. Downloading, hashing and writing rows,
some 1 core-ms, are left out, so the real share is a little smaller.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image

from benchmarks.drawn_photos import KINDS, jpeg, picture
from benchmarks.models import save_random_model
from benchmarks.report import argument_parser, table, write_figures
from shared.settings import Settings
from shared.uploads.thumbnails import Thumbnails
from worker.images.decoder import decode, kept_pixels
from worker.images.thumbnail import thumbnail
from worker.model.encoder import ClipEncoder

Given = TypeVar("Given")

SIDES = (640, 1000, 1600, 4000)
_NO_LIMIT = 10**9
_ROUNDS = 5
_BATCH = 16


@dataclass(frozen=True)
class Line:
    """One row: medians of core-milliseconds per photo. `share` is that of the thumbnail in an image's core time."""

    side: int
    prepare_ms: float
    encode_ms: float
    make_ms: float
    save_ms: float
    share: float
    kilobytes: float


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        model = save_random_model(Path(folder) / "model", tiny=arguments.tiny)
        encoder = ClipEncoder(Settings(model=model, dtype=arguments.dtype, cpu_threads=1, batch_size=_BATCH))
        encode_ms = _encode_ms(encoder, arguments.images)
        thumbnails = Thumbnails(Path(folder) / "thumbnails")
        lines = [_measure(side, arguments.pictures, encoder, encode_ms, thumbnails) for side in arguments.sides]
    print(table(["side", "prepare ms", "encode ms", "make ms", "save ms", "share", "kB"], map(_cells, lines)))
    write_figures(arguments.json, lines)


def _encode_ms(encoder: ClipEncoder, images: int) -> float:
    """Core-milliseconds of the model per image, over full batches."""
    pixels = [encoder.prepare(picture(KINDS[0], 0, 640))] * _BATCH
    encoder.encode_images(pixels)
    spent = []
    for _ in range(max(1, images // _BATCH)):
        started = time.process_time()
        encoder.encode_images(pixels)
        spent.append(time.process_time() - started)
    return statistics.median(spent) * 1000 / _BATCH


def _measure(side: int, count: int, encoder: ClipEncoder, encode_ms: float, thumbnails: Thumbnails) -> Line:
    contents = [jpeg(picture(kind, number, side)) for kind in KINDS for number in range(count)]
    shortest = kept_pixels(Settings(), encoder.edge)
    decoded = [decode(content, _NO_LIMIT, shortest) for content in contents]
    made = [thumbnail(image) for image in decoded]

    def prepare(content: bytes) -> None:
        encoder.prepare(decode(content, _NO_LIMIT, shortest))

    def make(image: Image.Image) -> None:
        thumbnail(image)

    saved = iter(range(10**9))

    def save(content: bytes) -> None:
        thumbnails.save("photos", f"{side}-{next(saved)}", bytes(32), content, is_durable=False)

    prepare_ms, make_ms, save_ms = _core_ms(prepare, contents), _core_ms(make, decoded), _core_ms(save, made)
    share = (make_ms + save_ms) / (prepare_ms + encode_ms)
    kilobytes = statistics.mean(len(content) for content in made) / 1000
    return Line(side, prepare_ms, encode_ms, make_ms, save_ms, share, kilobytes)


def _core_ms(work: Callable[[Given], None], given: Sequence[Given]) -> float:
    """Median over the photos of the least processor time of this thread in some rounds."""

    def least(one: Given) -> float:
        spent = []
        for _ in range(_ROUNDS):
            started = time.thread_time()
            work(one)
            spent.append(time.thread_time() - started)
        return min(spent)

    return statistics.median(least(one) for one in given) * 1000


def _cells(line: Line) -> list[str]:
    times = [f"{value:.2f}" for value in (line.prepare_ms, line.encode_ms, line.make_ms, line.save_ms)]
    return [f"{line.side} px", *times, f"{line.share:.1%}", f"{line.kilobytes:.1f}"]


def _arguments() -> argparse.Namespace:
    parser = argument_parser("benchmarks.thumbnails", __doc__)
    parser.add_argument("--dtype", default="bfloat16", help="precision of the model: %(default)s")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, to try this out")
    parser.add_argument("--pictures", type=int, default=6, help="pictures of each kind: %(default)s")
    parser.add_argument("--images", type=int, default=128, help="images that the model encodes: %(default)s")
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES, help="longest sides in pixels")
    return parser.parse_args()


if __name__ == "__main__":
    main()
