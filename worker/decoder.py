"""From image bytes to an upright RGB picture, within limits."""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from shared.errors import ItemError

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


def decode(content: bytes, max_pixels: int) -> Image.Image:
    """Return the picture as RGB on white, turned as its EXIF says, first frame only.

    Raises ItemError `not_an_image`, `too_many_pixels` (before anything is decoded) or `broken_image`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, Image.DecompressionBombError):
            raise _too_many_pixels(max_pixels) from error
        raise ItemError("not_an_image", f"The bytes are not an image in any of {', '.join(_FORMATS)}.") from error
    if image.width * image.height > max_pixels:
        raise _too_many_pixels(max_pixels)
    try:
        return _rgb(ImageOps.exif_transpose(image))
    except (
        Exception
    ) as error:  # Pillow's parsers raise nearly anything on broken files; each is this image's own fault.
        raise ItemError("broken_image", f"The image cannot be decoded ({type(error).__name__}).") from error


def _rgb(image: Image.Image) -> Image.Image:
    """What is transparent becomes white, as a page would show it and as Hugging Face's processors do."""
    if "A" not in image.getbands() and image.info.get("transparency") is None:
        return image.convert("RGB")
    opaque = image.convert("RGBA")
    white = Image.new("RGBA", opaque.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, opaque).convert("RGB")


def _too_many_pixels(limit: int) -> ItemError:
    return ItemError("too_many_pixels", f"The image has more than {limit} pixels (LICHTBILD_MAX_IMAGE_PIXELS).")
