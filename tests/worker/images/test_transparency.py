"""What is below transparent pixels: white, unless the picture would vanish."""

import io
import struct

import pytest
from PIL import Image, ImageDraw

from tests.pictures import encoded, scribble
from worker.images.decoder import decode

LIMIT = 1_000_000


def test_white_letters_without_a_ground_are_visible():
    image = Image.new("LA", (60, 40), (255, 0))
    ImageDraw.Draw(image).text((5, 5), "abc", (255, 255))
    assert all(low == 0 and high > 200 for low, high in decode(encoded(image), LIMIT).getextrema())


def bmp_with_alpha(picture: Image.Image) -> bytes:
    """A BMP of 32 bits with a mask for each band, as Windows writes it; Pillow writes none."""
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    info = struct.pack("<IiiHHIIiiII", 108, *picture.size, 1, 32, 3, 0, 2835, 2835, 0, 0) + masks + bytes(52)
    rows = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGRA")
    return b"BM" + struct.pack("<IHHI", 14 + len(info) + len(rows), 0, 0, 14 + len(info)) + info + rows


@pytest.mark.parametrize(("alpha", "shown"), [(0, 255), (255, 255), (128, 128)])
def test_the_fourth_byte_of_a_bmp_counts_unless_it_is_zero_everywhere(alpha, shown):
    """Most programs leave it 0 and mean nothing by it."""
    picture = scribble(40, 30).convert("RGBA")
    picture.putalpha(shown)
    expected = decode(encoded(picture), LIMIT).tobytes()
    picture.putalpha(alpha)
    assert Image.open(io.BytesIO(bmp_with_alpha(picture))).mode == "RGBA"
    assert decode(bmp_with_alpha(picture), LIMIT).tobytes() == expected


def test_transparent_pixels_become_white():
    image = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert decode(encoded(image), LIMIT).getpixel((3, 3)) == (255, 255, 255)
