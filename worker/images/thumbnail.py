"""Thumbnails of uploaded photos."""

import io

from PIL import Image

from worker.images.decoder import PICTURE_BOX

# The longest side, in pixels.
SIDE = 256
_QUALITY = 85


def thumbnail(picture: Image.Image) -> bytes:
    """Return a JPEG of an upright RGB picture: at most 256 pixels wide and high, never enlarged, without metadata."""
    scale = min(1.0, SIDE / max(picture.size))
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    # A reducing gap of 3 is visually as good as none (Pillow's documentation) and faster.
    small = picture.resize(size, Image.Resampling.LANCZOS, box=picture.info.get(PICTURE_BOX), reducing_gap=3.0)
    # Otherwise Pillow copies the comment of the picture.
    small.info.clear()
    file = io.BytesIO()
    small.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
