"""Pictures with a colour profile have the colours that a viewer shows."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.colour_profiles import ADOBE_RGB, DISPLAY_P3, SRGB, profile
from tests.pictures import encoded, scribble
from worker.images.decoder import PICTURE_BOX, decode

LIMIT = 1_000_000
PICTURE = scribble(160, 120, 4)
PROFILES = {"Display P3": profile(DISPLAY_P3), "Adobe RGB": profile(ADOBE_RGB, 2.19921875)}


def wide(name: str) -> Image.Image:
    """The picture with its colours written as numbers of another colour space."""
    target = ImageCms.ImageCmsProfile(io.BytesIO(PROFILES[name]))
    converted = ImageCms.profileToProfile(PICTURE, ImageCms.createProfile("sRGB"), target, outputMode="RGB")
    assert converted is not None
    converted.info.clear()
    return converted


def difference(content: bytes) -> float:
    """The mean difference of a pixel to the picture in sRGB, of 255."""
    shown = np.asarray(decode(content, LIMIT), dtype=int)
    return float(np.abs(shown - np.asarray(PICTURE, dtype=int)).mean())


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("name", PROFILES)
def test_colours_are_those_of_the_profile(name, kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    assert difference(encoded(wide(name), kind, icc_profile=PROFILES[name], **options)) < 1
    assert difference(encoded(wide(name), kind, **options)) > 1.5, "without its profile they are others"


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_so_are_those_of_pictures_with_alpha_or_a_palette(mode):
    picture = wide("Display P3")
    picture = picture.quantize(250) if mode == "P" else picture.convert(mode)
    plain = difference(encoded(picture))
    assert difference(encoded(picture, icc_profile=PROFILES["Display P3"])) < plain - 1


@pytest.mark.parametrize(
    "stored",
    [profile(SRGB), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()],
    ids=["drawn", "of lcms"],
)
def test_a_profile_of_srgb_changes_no_pixel(stored):
    assert difference(encoded(PICTURE, icc_profile=stored)) == 0


@pytest.mark.parametrize(
    "stored",
    [b"x", bytes(200), PROFILES["Display P3"][:300], PROFILES["Display P3"].replace(b"curv", b"xxxx")],
    ids=["short", "zeros", "cut", "curves"],
)
def test_a_broken_profile_changes_no_pixel(stored):
    assert difference(encoded(PICTURE, icc_profile=stored)) == 0


def test_a_profile_of_another_kind_of_picture_changes_no_pixel():
    stored = PROFILES["Display P3"].replace(b"RGB XYZ", b"CMYKXYZ")
    assert difference(encoded(PICTURE, icc_profile=stored)) == 0


def test_a_reduced_jpeg_keeps_its_exact_position():
    content = encoded(scribble(1001, 801), "JPEG", icc_profile=PROFILES["Display P3"])
    assert decode(content, LIMIT, 200).info[PICTURE_BOX] == (0, 0, 250.25, 200.25)
