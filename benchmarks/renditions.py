"""How far vectors move when a small rendition is downloaded instead of the original photo.

    python -m benchmarks.renditions --json build/renditions.json

Prints the cosine between the vectors of each picture and of its rendition, as imgix makes it with
`w=N&h=N&fit=max&fm=jpg&q=…`, where N is a multiple of the model's edge. Pillow makes the renditions here, by the same
resampling that imgix documents; imgix itself was not available.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.drawn_photos import KINDS, jpeg, picture
from benchmarks.models import models_by_name
from benchmarks.report import argument_parser, table, write_figures
from shared.settings import Settings
from worker.images.decoder import decode
from worker.model.encoder import ClipEncoder

BOXES = (1.5, 2.0, 3.0, 4.0)
QUALITIES = (75, 85, 90)
_LONGEST_SIDE = 3000
_NO_LIMIT = 10**9


@dataclass(frozen=True)
class Line:
    """One row: renditions that fit a square of `box` times the model's edge. Kilobytes are the mean per file."""

    model: str
    kind: str
    box: float
    quality: int
    cosine_min: float
    cosine_median: float
    kilobytes: float


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        models = models_by_name(Path(folder) / "full")
        lines = [line for name, model in models.items() for line in _measure(name, model, arguments.pictures)]
    _print(lines)
    write_figures(arguments.json, lines)


def _measure(name: str, model: str, count: int) -> list[Line]:
    encoder = ClipEncoder(Settings(model=model, dtype="float32"))
    lines = []
    for kind in KINDS:
        pictures = [picture(kind, number, _LONGEST_SIDE) for number in range(count)]
        whole = encoder.encode_images([encoder.prepare(image) for image in pictures])
        for quality in QUALITIES:
            for box in BOXES:
                small = [_rendition(image, int(box * encoder.edge), quality) for image in pictures]
                moved = encoder.encode_images([encoder.prepare(decode(content, _NO_LIMIT)) for content in small])
                cosines = (whole * moved).sum(axis=1)
                size = sum(map(len, small)) / len(small) / 1000
                lines.append(Line(name, kind, box, quality, float(cosines.min()), float(np.median(cosines)), size))
    return lines


def _rendition(image: Image.Image, box: int, quality: int) -> bytes:
    smaller = image.copy()
    smaller.thumbnail((box, box), Image.Resampling.LANCZOS)
    return jpeg(smaller, quality)


def _print(lines: list[Line]) -> None:
    header = ["model", "pictures", "box", "quality", "lowest cosine", "median", "kB"]
    print(table(header, map(_cells, lines)))


def _cells(line: Line) -> list[str]:
    cosines = [f"{line.cosine_min:.6f}", f"{line.cosine_median:.6f}"]
    return [line.model, line.kind, f"{line.box:g} x edge", str(line.quality), *cosines, f"{line.kilobytes:.0f}"]


def _arguments() -> argparse.Namespace:
    parser = argument_parser("benchmarks.renditions", __doc__)
    parser.add_argument("--pictures", type=int, default=12, help="pictures of each kind: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    main()
