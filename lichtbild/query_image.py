"""The image of a query: a URL, a path, bytes, a PIL image, or an array of pixels."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from lichtbild.display.packages import optional

# Modes that PNG has.
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")


@runtime_checkable
class HasPixels(Protocol):
    """A PIL image."""

    @property
    def mode(self) -> str: ...

    def save(self, fp: Any, format: str | None = None, **params: Any) -> None:  # noqa: A002 - Pillow's name
        """Write the image."""


@runtime_checkable
class HasArray(Protocol):
    """A NumPy array, or what can become one."""

    def __array__(self, *arguments: Any, **options: Any) -> Any: ...


QueryImage = str | Path | bytes | HasPixels | HasArray


def is_url(image: object) -> bool:
    """Whether the API is to download this image."""
    return isinstance(image, str) and image.lower().startswith(("http://", "https://"))


def image_bytes(image: QueryImage) -> bytes:
    """The image as a file of its kind, or as PNG. Raises OSError for an unreadable file, ValueError for an array of
    another form than 8-bit (height, width) or (height, width, 3 or 4), and MissingPackage for one without Pillow."""
    if isinstance(image, bytes):
        return image
    if isinstance(image, (str, Path)):
        return Path(image).read_bytes()
    if isinstance(image, HasPixels):
        return _png(image)
    return _png(_from_array(image))


def _png(image: Any) -> bytes:
    upright = image if image.mode in _PNG_MODES else image.convert("RGB")
    file = io.BytesIO()
    # The fastest level: the API decodes it once.
    upright.save(file, "PNG", compress_level=1)
    return file.getvalue()


def _from_array(pixels: HasArray) -> Any:
    array = pixels.__array__()
    shape = tuple(array.shape)
    if str(array.dtype) != "uint8" or not (len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4))):
        raise ValueError(
            f"An image must be an array of uint8 with the shape (height, width) or (height, width, 3 or 4), not of "
            f"{array.dtype} with {shape}."
        )
    return optional("PIL.Image", "An array as an image", "pillow").fromarray(array)
