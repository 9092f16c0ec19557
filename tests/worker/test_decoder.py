"""The decoder: limits before work, a code for each kind of failure."""

import io
import struct
import zlib

import pytest
from PIL import Image

from shared.errors import ItemError
from tests.pictures import AWKWARD, encoded, photo, rotated, scribble
from worker.decoder import decode

LIMIT = 50_000_000


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises more than it has."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(b"\0" * 100)) + part(b"IEND", b"")


def code_of(content: bytes, limit: int = LIMIT) -> str:
    with pytest.raises(ItemError) as failure:
        decode(content, limit)
    return failure.value.code


@pytest.mark.parametrize("kind", AWKWARD)
def test_every_kind_becomes_rgb(kind):
    assert decode(AWKWARD[kind](), LIMIT).mode == "RGB"


def test_a_turned_photo_is_put_upright():
    assert decode(rotated(6), LIMIT).size == (200, 300)


def test_what_is_transparent_is_white():
    image = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert decode(encoded(image), LIMIT).getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>not here</html>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"GIF", photo(1)[:20]],
)
def test_what_is_not_an_image_is_called_that(content):
    assert code_of(content) == "not_an_image"


def test_a_truncated_image_is_broken():
    assert code_of(photo(1)[:-400]) == "broken_image"
    assert code_of(encoded(scribble(200, 200))[:-3000]) == "broken_image"


@pytest.mark.parametrize("side", [8_000, 20_000, 50_000])
def test_too_many_pixels_are_refused_before_they_are_decoded(side):
    assert code_of(bomb(side, side)) == "too_many_pixels"


def test_formats_that_run_programs_are_not_opened():
    buffer = io.BytesIO()
    scribble(20, 20).save(buffer, "EPS")
    assert code_of(buffer.getvalue()) == "not_an_image"
