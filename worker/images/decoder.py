"""Decodes image bytes to an upright RGB picture, within limits."""

import contextlib
import io
import warnings
from typing import Any, cast

from PIL import ExifTags, Image, ImageOps, JpegImagePlugin, UnidentifiedImageError

from shared.errors import ItemError
from shared.settings import Settings

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
# The number of bytes by which Pillow detects formats.
SIGNATURE_BYTES = 16
# The decoder passes over the whole picture once per scan of a progressive JPEG, and a scan may have only ten bytes.
# Real files have about ten scans. libjpeg-turbo's tools have `-maxscans` for the same reason.
_MAX_SCANS = 100

# The shortest side after a reduced decode, in model edges: cosine with the full-size vector > 0.9995; at 1 it is
# sometimes below 0.999 (benchmarks/reduced_decode.py, docs/performance.md).
_KEPT_EDGES = 2

# In an image's `info`: the picture's area in its pixels, as (left, upper, right, lower); absent: all of them. A picture
# of 1001 pixels decoded at 1/8 is 125.125 pixels wide, in 126.
PICTURE_BOX = "picture_box"

# Our limit below applies to every format. Pillow's own would override a limit that was raised on purpose.
Image.MAX_IMAGE_PIXELS = None
# Pillow warns about every broken tag of a broken photo, and Python remembers each warning forever.
warnings.filterwarnings("ignore", module=r"PIL\.")


def decode(content: bytes, max_pixels: int, shortest: int | None = None) -> Image.Image:
    """Return the first frame as RGB on white, rotated by its EXIF orientation.

    With `shortest`, a JPEG is decoded at 1/2, 1/4 or 1/8 of its size if its shortest side keeps that many pixels;
    `info[PICTURE_BOX]` is then the exact area of the picture.
    Raises ItemError `not_an_image`, `too_many_pixels` (before anything is decoded) or `broken_image`.
    """
    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise ItemError("not_an_image", f"The bytes are not an image in any of {', '.join(_FORMATS)}.") from error
    except Exception as error:
        raise _broken(error) from error
    if image.width * image.height > max_pixels:
        raise ItemError("too_many_pixels", f"The image has more than {max_pixels} pixels (LICHTBILD_MAX_IMAGE_PIXELS).")
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        if content.count(b"\xff\xda") > _MAX_SCANS:
            raise ItemError("broken_image", f"The JPEG has more than {_MAX_SCANS} scans.")
        if shortest is not None:
            _reduce(image, shortest)
    try:
        image.load()
        _turn_upright(image)
        return _rgb(image)
    except Exception as error:
        raise _broken(error) from error


def kept_pixels(settings: Settings, edge: int) -> int | None:
    """The argument `shortest` of `decode` for a model of this edge; None if reduced decoding is disabled."""
    return _KEPT_EDGES * edge if settings.quick_pixels else None


def may_be_image(start: bytes) -> bool:
    """Whether the first `SIGNATURE_BYTES` of a file belong to a format that `decode` supports."""
    Image.init()
    signatures = (cast("Any", Image.OPEN[name][1]) for name in _FORMATS if name in Image.OPEN)
    return any(accepts(start) for accepts in signatures)


def _broken(error: Exception) -> ItemError:
    """Turn any exception into ItemError: Pillow's parsers raise almost any type on broken files."""
    return ItemError("broken_image", f"The image cannot be decoded ({type(error).__name__}).")


def _reduce(image: JpegImagePlugin.JpegImageFile, shortest: int) -> None:
    """Select the smallest JPEG scale that keeps `shortest` pixels. Sets `PICTURE_BOX`."""
    width, height = image.size
    scale = next((scale for scale in (8, 4, 2) if min(width, height) >= scale * shortest), 1)
    is_whole = width % scale == height % scale == 0
    # Rotation would move the partial pixel to another edge. Cameras, which need rotation, write whole blocks.
    if scale == 1 or not (is_whole or _orientation(image) == 1):
        return
    image.draft(None, (width // scale, height // scale))
    if not is_whole:
        image.info[PICTURE_BOX] = (0, 0, width / scale, height / scale)


def _orientation(image: Image.Image) -> object:
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # as in `_turn_upright`
        return 1


def _turn_upright(image: Image.Image) -> None:
    """Rotate in place, without a copy if no rotation is needed. Unreadable metadata is ignored."""
    with contextlib.suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _rgb(image: Image.Image) -> Image.Image:
    """Put transparent pixels on white, as a web page and Hugging Face's processors do."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if "A" not in image.getbands() and image.info.get("transparency") is None:
        return image.convert("RGB")
    opaque = image.convert("RGBA")
    white = Image.new("RGBA", opaque.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, opaque).convert("RGB")
