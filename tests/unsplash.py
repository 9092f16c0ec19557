"""A zip in the layout of Unsplash's dataset, and a host that resizes like images.unsplash.com."""

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from PIL import Image

from tests.image_server import Answer, reply
from tests.pictures import encoded, scribble

COLUMNS = [
    "photo_id",
    "photo_url",
    "photo_image_url",
    "photo_submitted_at",
    "photo_featured",
    "photo_width",
    "photo_height",
    "photo_aspect_ratio",
    "photo_description",
    "photographer_username",
    "photographer_first_name",
    "photographer_last_name",
    "exif_camera_make",
    "exif_camera_model",
    "exif_iso",
    "exif_aperture_value",
    "exif_focal_length",
    "exif_exposure_time",
    "photo_location_name",
    "photo_location_latitude",
    "photo_location_longitude",
    "photo_location_country",
    "photo_location_city",
    "stats_views",
    '"stats_downloads',
    "ai_description",
    "ai_primary_landmark_name",
    "ai_primary_landmark_latitude",
    "ai_primary_landmark_longitude",
    "ai_primary_landmark_confidence",
    "blur_hash",
]
SIZES = ((720, 480), (480, 720), (600, 600), (960, 480))


def row(n: int, host: str = "https://images.unsplash.com") -> dict[str, str]:
    """One row of the dataset: free text, numbers, and empty cells."""
    filled = {
        "photo_id": f"bygTaBey{n:03}",
        "photo_url": f"https://unsplash.com/photos/bygTaBey{n:03}",
        "photo_image_url": f"{host}/photo-{n}",
        "photo_submitted_at": f"2020-04-13 20:19:{n % 60:02}.441952",
        "photo_featured": "t",
        "photo_width": str(SIZES[n % len(SIZES)][0]),
        "photo_height": str(SIZES[n % len(SIZES)][1]),
        "photo_aspect_ratio": "1.5",
        "photo_description": ('He said "über",\ttwice\nand left', "", 'a 24" screen', "Grüße 🌊")[n % 4],
        "photographer_username": f"user{n}",
        "exif_iso": str(100 * n),
        "stats_views": str(n),
        "ai_description": "brown wooden fence on green grass field",
        "blur_hash": "L;Kx|C-;%2oe~WofjtayIoj[ofay",
    }
    return {name: filled.get(name, "") for name in COLUMNS}


def table(rows: Iterable[Mapping[str, str]], columns: Sequence[str] = COLUMNS, delimiter: str = "\t") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_zip(path: Path, members: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def damaged(path: Path) -> Path:
    """A zip with some bytes inverted in the middle of the table."""
    write_zip(path, {"photos.tsv000": table(row(n) for n in range(5_000))})
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(byte ^ 0x5A for byte in content[middle : middle + 200])
    path.write_bytes(content)
    return path


class ResizingHost:
    """Answers for an image server: photos by number, smaller if the URL has imgix parameters. Some are missing, and the
    first `burst` requests get 429."""

    def __init__(self, gone: frozenset[int], burst: int) -> None:
        self.gone = gone
        self.sizes: dict[int, tuple[int, int]] = {}
        self.refused: Counter[int] = Counter()
        self._burst = burst

    def __call__(self, path: str) -> bytes | int | Answer:
        parts = urlsplit(path)
        n = int(parts.path.removeprefix("/photo-"))
        if n in self.gone:
            return 404
        if self._burst > 0:
            self._burst -= 1
            self.refused[n] += 1
            return lambda request: reply(request, 429, b"Too Many Requests", Retry_After="1")
        picture = self.rendition(n, dict(parse_qsl(parts.query)))
        self.sizes[n] = picture.size
        return encoded(picture, "JPEG", quality=90)

    @staticmethod
    def rendition(n: int, asked: Mapping[str, str]) -> Image.Image:
        picture = scribble(*SIZES[n % len(SIZES)], n)
        if asked.get("fit") == "max":
            picture.thumbnail((int(asked["w"]), int(asked["h"])))
        return picture
