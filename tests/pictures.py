"""Pictures of every awkward kind, as bytes."""

import io
import random
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw


def scribble(width: int, height: int, seed: int = 0) -> Image.Image:
    """An RGB picture with edges, colours and a gradient, different for each seed."""
    rng = random.Random(seed)
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = rng.randrange(width), rng.randrange(height)
        size = (rng.randrange(1, width // 2 + 2), rng.randrange(1, height // 2 + 2))
        colour = tuple(rng.randrange(256) for _ in range(3))
        draw.ellipse((x, y, x + size[0], y + size[1]), fill=colour)
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def photo(seed: int = 0, width: int = 160, height: int = 120) -> bytes:
    return encoded(scribble(width, height, seed), "JPEG", quality=90)


def rotated(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(scribble(300, 200, orientation), "JPEG", exif=exif, quality=92)


def palette_with_transparency() -> bytes:
    image = scribble(120, 90, 3).quantize(32)
    return encoded(image, transparency=5)


def animated() -> bytes:
    frames = [scribble(90, 70, seed) for seed in range(3)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)


AWKWARD: dict[str, Callable[[], bytes]] = {
    "rgb jpeg": lambda: photo(1, 640, 480),
    "rgb png": lambda: encoded(scribble(333, 517, 2)),
    "portrait": lambda: photo(4, 400, 700),
    "square": lambda: photo(5, 224, 224),
    "small": lambda: encoded(scribble(20, 17, 6)),
    "odd sides": lambda: encoded(scribble(225, 301, 7)),
    "greyscale": lambda: encoded(scribble(200, 150, 8).convert("L"), "JPEG"),
    "grey with alpha": lambda: encoded(scribble(150, 150, 9).convert("LA")),
    "bilevel": lambda: encoded(scribble(150, 100, 10).convert("1")),
    "palette": lambda: encoded(scribble(150, 100, 11).quantize(16)),
    "palette with transparency": palette_with_transparency,
    "rgba": lambda: encoded(scribble(180, 90, 12).convert("RGBA")),
    "cmyk jpeg": lambda: encoded(scribble(180, 140, 13).convert("CMYK"), "JPEG"),
    "16 bit": lambda: encoded(scribble(120, 120, 14).convert("I").point(lambda v: v * 200).convert("I;16")),
    "webp": lambda: encoded(scribble(260, 180, 15), "WEBP"),
    "lossless webp": lambda: encoded(scribble(180, 260, 16), "WEBP", lossless=True),
    "bmp": lambda: encoded(scribble(100, 140, 17), "BMP"),
    "tiff": lambda: encoded(scribble(140, 100, 18), "TIFF"),
    "animated gif": animated,
    "progressive jpeg": lambda: encoded(scribble(500, 375, 19), "JPEG", progressive=True),
    "1 x 1": lambda: encoded(Image.new("RGB", (1, 1), (200, 30, 90))),
    "4000 x 30": lambda: encoded(scribble(4000, 30, 20)),
    "30 x 4000": lambda: encoded(scribble(30, 4000, 21)),
    "large": lambda: photo(22, 2400, 1800),
    **{f"exif orientation {n}": lambda n=n: rotated(n) for n in range(1, 9)},  # type: ignore[misc]
}
