"""From image bytes to an upright RGB picture, within limits."""

import contextlib
import io
import warnings
from typing import Any, cast

from PIL import ExifTags, Image, ImageOps, JpegImagePlugin, UnidentifiedImageError

from shared.errors import ItemError
from shared.settings import Settings

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
# As many bytes as Pillow's own sniffing looks at.
SIGNATURE_BYTES = 16
# A progressive JPEG of ten bytes a scan makes the decoder walk over the whole picture again for each; real ones have
# some ten. libjpeg-turbo's own tools offer `-maxscans` against the same.
_MAX_SCANS = 100

# Of the model's edge, what is left for our own scaling: the vector keeps a cosine above 0.9995 with that of the picture
# decoded whole; at 1 it does not always keep 0.999 (benchmarks/reduced_decode.py, docs/performance.md).
_KEPT_EDGES = 2

# In an image's `info`: where on the pixels the picture lies, as (left, upper, right, lower); absent: everywhere.
# A picture decoded at 1/8 of its 1001 pixels is 125.125 pixels wide, on 126.
PICTURE_BOX = "picture_box"

# The limit below counts, for every format; Pillow's own would also stop a limit that was raised on purpose.
Image.MAX_IMAGE_PIXELS = None
# One line of log per broken tag of a broken photo says nothing to anyone, and each is remembered for ever.
warnings.filterwarnings("ignore", module=r"PIL\.")


def decode(content: bytes, max_pixels: int, shortest: int | None = None) -> Image.Image:
    """Return the picture as RGB on white, turned as its EXIF says, first frame only.

    With `shortest`, a JPEG is decoded at 1/2, 1/4 or 1/8 of its size if its shortest side keeps that many pixels;
    `info[PICTURE_BOX]` then says where exactly the picture lies.
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
    """What `decode` takes as `shortest` for a model of this edge; None while reduced decoding is turned off."""
    return _KEPT_EDGES * edge if settings.quick_pixels else None


def may_be_image(start: bytes) -> bool:
    """Whether the first `SIGNATURE_BYTES` of a file are those of a format that `decode` takes."""
    Image.init()
    signatures = (cast("Any", Image.OPEN[name][1]) for name in _FORMATS if name in Image.OPEN)
    return any(accepts(start) for accepts in signatures)


def _broken(error: Exception) -> ItemError:
    """Pillow's parsers raise nearly anything on broken files; each is this image's own fault."""
    return ItemError("broken_image", f"The image cannot be decoded ({type(error).__name__}).")


def _reduce(image: JpegImagePlugin.JpegImageFile, shortest: int) -> None:
    """Have the JPEG decoded at the smallest scale that keeps `shortest` pixels; sets `PICTURE_BOX`."""
    width, height = image.size
    scale = next((scale for scale in (8, 4, 2) if min(width, height) >= scale * shortest), 1)
    is_whole = width % scale == height % scale == 0
    # Turning would bring the broken pixel to another edge; cameras, which need it, take pictures of whole blocks.
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
    """In place, without the copy of what needs no turning. Metadata that cannot be read is no fault of the picture."""
    with contextlib.suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _rgb(image: Image.Image) -> Image.Image:
    """What is transparent becomes white, as a page would show it and as Hugging Face's processors do."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if "A" not in image.getbands() and image.info.get("transparency") is None:
        return image.convert("RGB")
    opaque = image.convert("RGBA")
    white = Image.new("RGBA", opaque.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, opaque).convert("RGB")
