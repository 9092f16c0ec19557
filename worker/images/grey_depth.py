"""Grey pictures of 16 or 32 bits, or of floats, to 8 bits: Pillow's own conversion cuts all values above 255 off."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

_MIN_IS_WHITE = 0
# GDAL's tag for the value of pixels without data, as text.
_NO_DATA_TAG = 42_113


def is_deep_grey(image: Image.Image) -> bool:
    """Whether a pixel is one integer of more than 8 bits, or one float."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def eight_bits(image: Image.Image) -> Image.Image:
    """Return a deep grey picture in mode L, or LA if one of its values is transparent.

    A PNG's values span 0..65535, as PNG defines it: v >> 8. Those of other formats have no defined range (thermal and
    satellite pictures, depth maps): the picture's own minimum becomes 0 and its maximum 255.
    """
    values = np.asarray(image)
    if image.format == "PNG":
        grey = (values.astype(np.int64).clip(0, 65_535) >> 8).astype(np.uint8)
        transparent = image.info.get("transparency")
        if isinstance(transparent, int):
            alpha = np.where(values == transparent, 0, 255).astype(np.uint8)
            return Image.merge("LA", (Image.fromarray(grey), Image.fromarray(alpha)))
        return Image.fromarray(grey)
    return Image.fromarray(_stretched(values.astype(np.float64), image))


def _stretched(values: NDArray[np.float64], image: Image.Image) -> NDArray[np.uint8]:
    is_valid = np.isfinite(values)
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    if (no_data := _number(tags.get(_NO_DATA_TAG))) is not None:
        is_valid &= values != no_data
    if not is_valid.any():
        return np.zeros(values.shape, np.uint8)
    least, most = values[is_valid].min(), values[is_valid].max()
    scaled = (np.where(is_valid, values, least) - least) * (255 / (most - least or 1.0))
    grey: NDArray[np.uint8] = scaled.round().clip(0, 255).astype(np.uint8)
    is_inverted = tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == _MIN_IS_WHITE
    return np.bitwise_not(grey) if is_inverted else grey


def _number(tag: object) -> float | None:
    try:
        return float(str(tag).strip("\0 "))
    except ValueError:
        return None
