"""Files that viewers show although Pillow refuses them: large metadata of a PNG, missing end of a JPEG."""

import struct
from collections.abc import Iterator

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"iCCP"})
_JPEG_END = b"\xff\xd9"
# Two different continuations of the compressed data. A decoder that has all rows reads neither; one that misses some
# fills them with different pixels.
_JPEG_FILLS = (b"\x00" * 64, b"\xa5" * 64)


def without_texts(content: bytes) -> bytes | None:
    """A PNG without its texts and its colour profile; None if the file is no PNG or has none of them."""
    if not content.startswith(_PNG_SIGNATURE):
        return None
    kept = [content[start:end] for kind, start, end in _png_chunks(content) if kind not in _PNG_TEXTS]
    mended = _PNG_SIGNATURE + b"".join(kept)
    return mended if len(mended) < len(content) else None


def with_end(content: bytes) -> tuple[bytes, bytes] | None:
    """A JPEG with an end, after two different fillings: if both decode to the same pixels, all rows are there.

    None if the file is no JPEG or has an end.
    """
    if not content.startswith(b"\xff\xd8") or content.endswith(_JPEG_END):
        return None
    cut = content.rstrip(b"\xff")
    first, second = (cut + fill + _JPEG_END for fill in _JPEG_FILLS)
    return first, second


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, start, end) of each chunk; the last one may be cut off."""
    position = len(_PNG_SIGNATURE)
    while position + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        end = min(position + 12 + length, len(content))
        yield kind, position, end
        position = end
