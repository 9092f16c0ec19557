"""How far vectors move when a host is asked for a small rendition instead of the photo.

`python -m benchmarks.renditions`: cosine between the vector of each picture and of its rendition as imgix makes it with
`w=N&h=N&fit=max&fm=jpg&q=…`, N being some times the model's edge. Scaled down by Pillow here, since imgix cannot be
asked; it resamples likewise.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.drawn_photos import KINDS, jpeg, picture
from benchmarks.report import arguments_of, write_figures
from embedded.demo_model import MODEL_FOLDER
from shared.settings import Settings
from tests.tiny_model import save_full_size_model
from worker.images.decoder import decode
from worker.model.encoder import ClipEncoder

BOXES = (1.5, 2.0, 3.0, 4.0)
QUALITIES = (75, 85, 90)
_LONGEST = 3000
_NO_LIMIT = 10**9


@dataclass(frozen=True)
class Line:
    """One row: renditions in a box of `box` times the model's edge."""

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
        models = {"demo": MODEL_FOLDER, "ViT-B/32, random": save_full_size_model(Path(folder) / "full")}
        lines = [line for name, model in models.items() for line in _measured(name, model, arguments.pictures)]
    _print(lines)
    write_figures(arguments.json, lines)


def _measured(name: str, model: Path, count: int) -> list[Line]:
    encoder = ClipEncoder(Settings(model=str(model), dtype="float32"))
    lines = []
    for kind in KINDS:
        pictures = [picture(kind, number, _LONGEST) for number in range(count)]
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
    table = Table("model", "pictures", "box", "quality", "min", "median", "kB")
    for line in lines:
        low, middle = f"{line.cosine_min:.6f}", f"{line.cosine_median:.6f}"
        table.add_row(
            line.model, line.kind, f"{line.box:g} edges", str(line.quality), low, middle, f"{line.kilobytes:.0f}"
        )
    Console(width=120).print(table)


def _arguments() -> argparse.Namespace:
    parser = arguments_of("benchmarks.renditions", __doc__)
    parser.add_argument("--pictures", type=int, default=12, help="of each kind: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    main()
