"""Thumbnails of photos."""

import io

from PIL import Image

from worker.images.decoder import PICTURE_BOX
from worker.images.resize import quick_image

# The longest side, in pixels.
SIDE = 320
# 13 to 16 kB for a drawn photo. WebP takes ten times as long and is hardly smaller: 19.5 kB instead of 19.3 for one
# with strong grain.
_QUALITY = 75


def thumbnail(picture: Image.Image) -> bytes:
    """Return a JPEG of an upright RGB picture: at most 320 pixels wide and high, never enlarged, without metadata.

    Costs are in docs/performance.md. Halving by averaging takes two thirds of the time of a resize.
    """
    small = _scaled(picture)
    # Otherwise Pillow copies the comment of the picture.
    small.info.clear()
    file = io.BytesIO()
    small.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _scaled(picture: Image.Image) -> Image.Image:
    longest = max(picture.size)
    if PICTURE_BOX not in picture.info:
        if longest <= SIDE:
            return picture.copy()
        if longest == 2 * SIDE:
            return picture.reduce(2)
    scale = min(1.0, SIDE / longest)
    return quick_image(picture, (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
