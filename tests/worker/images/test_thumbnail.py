"""The small pictures of photos."""

import io

import pytest
from PIL import Image, PngImagePlugin

from tests.pictures import AWKWARD, encoded, scribble
from worker.images.decoder import decode
from worker.images.thumbnail import thumbnail


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.mark.parametrize("kind", AWKWARD)
def test_any_picture_has_a_small_jpeg_of_its_own_shape(kind):
    picture = decode(AWKWARD[kind](), 10**8)
    small = opened(thumbnail(picture))
    assert (small.format, small.mode) == ("JPEG", "RGB")
    assert max(small.size) == min(320, max(picture.size))
    assert (
        small.width / small.height == pytest.approx(picture.width / picture.height, rel=0.01) or min(small.size) <= 16
    )


def test_transparent_pixels_become_white():
    small = opened(thumbnail(decode(encoded(Image.new("RGBA", (400, 300), (255, 0, 0, 0))), 10**8)))
    assert small.getextrema() == ((255, 255), (255, 255), (255, 255))


def test_a_thumbnail_has_no_metadata():
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "secret place")
    image = scribble(300, 200)
    for content in (
        encoded(image, "JPEG", exif=exif, comment=b"secret place", icc_profile=b"secret place"),
        encoded(image, "PNG", pnginfo=info),
    ):
        assert b"secret place" in content
        assert b"secret place" not in thumbnail(decode(content, 10**8))
