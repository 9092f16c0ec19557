"""Grey pictures of more than 8 bits are embedded as a viewer shows them."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.pictures import encoded
from worker.images.decoder import decode

RAMP = np.arange(65_536, dtype=np.uint16).reshape(256, 256)


def grey(content: bytes) -> np.ndarray:
    pixels = np.asarray(decode(content, 1_000_000))
    assert (pixels[..., 0] == pixels[..., 2]).all()
    return pixels[..., 0]


def tiff(values: np.ndarray, **tags: object) -> bytes:
    return encoded(Image.fromarray(values), "TIFF", **tags)


def test_a_png_of_16_bits_keeps_its_upper_8():
    pixels = grey(encoded(Image.fromarray(RAMP)))
    assert np.array_equal(pixels, RAMP >> 8)
    assert pixels.mean() == 127.5


def test_the_transparent_value_of_a_png_of_16_bits_is_white():
    pixels = grey(encoded(Image.fromarray(RAMP), transparency=300))
    assert pixels.flat[300] == 255
    assert (pixels.flat[299], pixels.flat[301]) == (1, 1)


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_a_tiff_is_scaled_to_its_own_range(kind):
    pixels = grey(tiff((RAMP // 64 + 20_000).astype(kind)))
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert len(np.unique(pixels)) == 256


def test_big_endian_and_negative_values_are_scaled_alike():
    values = RAMP.astype(np.float32)
    assert np.array_equal(grey(tiff(RAMP.astype(">u2"))), grey(tiff(values - 70_000)))


def test_pixels_without_data_do_not_stretch_the_range():
    values = (RAMP % 100).astype(np.float32)
    expected = grey(tiff(values))
    for hole in (np.nan, np.inf, -9999.0):
        holed = values.copy()
        holed[0, 0] = hole
        buffer = io.BytesIO()
        Image.fromarray(holed).save(buffer, "TIFF", tiffinfo={42_113: "-9999"})
        assert np.array_equal(grey(buffer.getvalue()), expected)


def test_a_tiff_whose_least_value_is_white_is_inverted():
    buffer = io.BytesIO()
    Image.fromarray(RAMP).save(buffer, "TIFF", tiffinfo={262: 0})
    assert Image.open(buffer).tag_v2[262] == 0
    assert np.array_equal(grey(buffer.getvalue()), 255 - grey(tiff(RAMP)))


def test_a_picture_of_one_value_is_decoded():
    assert len(np.unique(grey(tiff(np.full((9, 9), 700, np.uint16))))) == 1
    assert len(np.unique(grey(tiff(np.full((9, 9), np.nan, np.float32))))) == 1
