"""Files that viewers show although Pillow refuses them: a PNG with large metadata, a bad animation or no end, and a
JPEG without its end."""

import struct
from collections.abc import Iterator

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_EXTRAS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"acTL", b"fcTL", b"fdAT"})
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"
# Two different continuations of the compressed data. A decoder that has all rows reads neither; one that misses some
# fills them with different pixels.
_JPEG_FILLS = (b"\x00" * 64, b"\xa5" * 64)


def bare_png(content: bytes) -> bytes | None:
    """A PNG of its picture alone, without texts, colour profile and animation, and with an end; None if the file is no
    PNG, or is one already."""
    if not content.startswith(_PNG_SIGNATURE):
        return None
    kept = [
        content[start:end]
        for kind, start, end in _png_chunks(content)
        if kind not in _PNG_EXTRAS and not _PNG_END.startswith(content[start:end])
    ]
    mended = b"".join([_PNG_SIGNATURE, *kept, _PNG_END])
    return None if mended == content else mended


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
