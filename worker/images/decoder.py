"""From image bytes to an upright RGB picture, within limits of pixels and time."""

import contextlib
import io
import logging
import warnings
from typing import Any, cast

from PIL import ExifTags, Image, ImageOps, JpegImagePlugin, UnidentifiedImageError

from shared.errors import ItemError
from shared.settings import Settings
from worker.images.colour_profile import in_srgb
from worker.images.foreign_formats import format_name
from worker.images.grey_depth import eight_bits, is_deep_grey
from worker.images.heif import install_heif
from worker.images.libtiff import silence_libtiff
from worker.images.mending import bare_png, with_end

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", *install_heif())
# Pillow's format detection reads this many bytes.
SIGNATURE_BYTES = 16
# Each scan of a progressive JPEG, however few bytes it has, makes the decoder pass over the whole picture. Real files
# have about ten. libjpeg-turbo's tools have `-maxscans` for the same reason.
_MAX_SCANS = 100

# Reduced decoding keeps this multiple of the model's edge. The cosine to the vector of the full-size picture is above
# 0.9995; at a multiple of 1 it is not always above 0.999 (benchmarks/reduced_decode.py, docs/performance.md).
_KEPT_EDGES = 2

# EXIF orientations whose picture is stored on its side.
_ON_ITS_SIDE = (5, 6, 7, 8)

# A JPEG that is decoded at a reduced scale may have this many times the pixels of the limit, if the decoder does not
# hold all of its coefficients: 200 million at the default limit, as today's phones have.
_REDUCED_LIMIT = 4

_WHITE, _BLACK = (255, 255, 255, 255), (0, 0, 0, 255)

# Key in an image's `info`: the picture's (left, upper, right, lower) within its pixels; absent: all pixels. A
# picture of 1001 pixels decoded at 1/8 is 125.125 pixels wide, stored in 126.
PICTURE_BOX = "picture_box"

# Key in an image's `info`: the picture's upright (width, height) before a reduced decoding; absent: that of its pixels.
_WHOLE_SIZE = "whole_size"

# `max_pixels` applies to every format. Pillow's own limit would defeat a `max_pixels` that was raised on purpose.
Image.MAX_IMAGE_PIXELS = None
# Pillow warns and logs once per broken tag, which would flood the log, and Python remembers every warning.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").setLevel(logging.CRITICAL)
silence_libtiff()


def decode(content: bytes, max_pixels: int, shortest: int | None = None) -> Image.Image:
    """Return the first frame as sRGB, transparency on white, rotated by its EXIF orientation.

    With `shortest`, a JPEG is decoded at 1/2, 1/4 or 1/8 of its size if its shortest side keeps that many pixels;
    `info[PICTURE_BOX]` is then the picture's exact position.
    Raises ItemError `not_an_image`, `too_many_pixels` (before anything is decoded) or `broken_image`.
    """
    try:
        return _decode(content, max_pixels, shortest)
    except ItemError as error:
        if error.code != "broken_image":
            raise
        mended = _mended(content, max_pixels, shortest)
        if mended is None:
            raise
        return mended


def _decode(content: bytes, max_pixels: int, shortest: int | None) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
    except UnidentifiedImageError as error:
        # Of AVIF and HEIC, the whole structure is read at once.
        if content[4:8] == b"ftyp" and may_be_image(content[:SIGNATURE_BYTES]):
            raise _broken(error) from error
        raise ItemError("not_an_image", f"The bytes are {foreign(content)}.") from error
    except Exception as error:
        raise _broken(error) from error
    pixels, most = image.width * image.height, max_pixels
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        if content.count(b"\xff\xda") > _MAX_SCANS:
            raise ItemError("broken_image", f"The JPEG has more than {_MAX_SCANS} scans.")
        if shortest is not None:
            most *= _REDUCED_LIMIT if _is_streamed(image, content) else 1
            _reduce(image, shortest)
    if pixels > most or image.width * image.height > max_pixels:
        raise ItemError("too_many_pixels", f"The image has more than {max_pixels} pixels (LICHTBILD_MAX_IMAGE_PIXELS).")
    try:
        _show_first_frame(image)
        image.load()
        _turn_upright(image)
        return _rgb(image)
    except Exception as error:
        raise _broken(error) from error


def _mended(content: bytes, max_pixels: int, shortest: int | None) -> Image.Image | None:
    """The picture of a file that is broken only where viewers do not mind; None if there is no such repair."""
    if (bare := bare_png(content)) is not None:
        return _decode(bare, max_pixels, shortest)
    if (filled := with_end(content)) is not None:
        first, second = (_decode(one, max_pixels, shortest) for one in filled)
        if first.tobytes() == second.tobytes():
            return first
    return None


def whole_size(image: Image.Image) -> tuple[int, int]:
    """Width and height of the upright picture in its file, however it was decoded."""
    size: tuple[int, int] = image.info.get(_WHOLE_SIZE, image.size)
    return size


def kept_pixels(settings: Settings, edge: int) -> int | None:
    """The argument `shortest` of `decode` for a model of this edge; None if reduced decoding is turned off."""
    return _KEPT_EDGES * edge if settings.quick_pixels else None


def may_be_image(start: bytes) -> bool:
    """Whether the first `SIGNATURE_BYTES` of a file belong to a format that `decode` supports."""
    Image.init()
    signatures = (cast("Any", Image.OPEN[name][1]) for name in _FORMATS if name in Image.OPEN)
    return any(accepts(start) for accepts in signatures)


def foreign(start: bytes) -> str:
    """What bytes are that are no image that `decode` supports."""
    name = format_name(start[: 2 * SIGNATURE_BYTES])
    return name or f"not an image in any of {', '.join(_FORMATS)}"


def _broken(error: Exception) -> ItemError:
    """Pillow's parsers raise nearly any exception on broken files; all are the fault of the file."""
    return ItemError("broken_image", f"The image cannot be decoded ({type(error).__name__}).")


def _is_streamed(image: JpegImagePlugin.JpegImageFile, content: bytes) -> bool:
    """Whether libjpeg decodes row by row: a baseline JPEG with all components in its first scan.

    Of any other, libjpeg keeps the coefficients of the whole picture, some six bytes a pixel, at every scale.
    """
    # Pillow has read up to the end of the first scan's header: a marker, the length, the number of components …
    scan = content.rfind(b"\xff\xda", 0, image.fp.tell() if image.fp is not None else 0)
    return not image.info.get("progressive") and content[scan + 4 : scan + 5] == bytes([image.layers])


def _reduce(image: JpegImagePlugin.JpegImageFile, shortest: int) -> None:
    """Select the smallest decoding scale that keeps `shortest` pixels, and set `PICTURE_BOX`."""
    width, height = image.size
    scale = next((scale for scale in (8, 4, 2) if min(width, height) >= scale * shortest), 1)
    is_whole = width % scale == height % scale == 0
    # Rotation would move the partial pixel to another edge. Cameras, whose photos need it, produce multiples of 8.
    if scale == 1 or not (is_whole or _orientation(image) == 1):
        return
    image.info[_WHOLE_SIZE] = (height, width) if _orientation(image) in _ON_ITS_SIDE else (width, height)
    image.draft(None, (width // scale, height // scale))
    if not is_whole:
        image.info[PICTURE_BOX] = (0, 0, width / scale, height / scale)


def _orientation(image: Image.Image) -> object:
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # as in `_turn_upright`
        return 1


def _show_first_frame(image: Image.Image) -> None:
    """Skip the default image of an animated PNG, which is only for viewers that cannot play it."""
    if image.info.get("default_image"):
        image.seek(1)


def _turn_upright(image: Image.Image) -> None:
    """Rotate in place; no copy if upright. Unreadable metadata does not make the picture invalid."""
    with contextlib.suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _rgb(image: Image.Image) -> Image.Image:
    """Convert to RGB. Transparent pixels become white, as on a web page and in Hugging Face's processors; black if the
    picture would have one colour on white."""
    if is_deep_grey(image):
        image = eight_bits(image)
    image = in_srgb(image)
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if "A" not in image.getbands() and image.info.get("transparency") is None:
        return in_srgb(image.convert("RGB"))
    layers = in_srgb(image.convert("RGBA"))
    if image.format == "BMP" and layers.getchannel("A").getbbox() is None:
        # Most programs leave the fourth byte 0 and mean nothing by it.
        return layers.convert("RGB")
    picture = _on(_WHITE, layers)
    if _has_one_colour(picture) and not _has_one_colour(on_black := _on(_BLACK, layers)):
        # White letters or a white logo would vanish.
        return on_black
    return picture


def _on(ground: tuple[int, int, int, int], layers: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", layers.size, ground), layers).convert("RGB")


def _has_one_colour(picture: Image.Image) -> bool:
    extremes: Any = picture.getextrema()
    return all(low == high for low, high in extremes)
