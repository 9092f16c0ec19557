"""Files that are broken only where viewers do not mind."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest

from shared.errors import ItemError
from tests.pictures import encoded, photo, scribble
from worker.images.decoder import decode

LIMIT = 1_000_000
PNG = encoded(scribble(200, 150))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def text(kind: bytes, size: int) -> bytes:
    packed = zlib.compress(bytes(size))
    return chunk(kind, (b"a\0\1\0\0\0" if kind == b"iTXt" else b"a\0\0") + packed)


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(decode(content, LIMIT))


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
@pytest.mark.parametrize("size", [3_000_000, 100_000_000])
def test_a_png_with_large_metadata_is_decoded_within_its_memory(kind, size):
    content = PNG[:33] + text(kind, size) + PNG[33:]
    tracemalloc.start()
    try:
        assert np.array_equal(pixels(content), pixels(PNG))
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_large_metadata_behind_the_pixels_of_a_png_do_no_harm():
    assert np.array_equal(pixels(PNG[:-12] + text(b"zTXt", 3_000_000) + PNG[-12:]), pixels(PNG))


def test_many_texts_of_a_png_do_no_harm():
    assert np.array_equal(pixels(PNG[:33] + text(b"zTXt", 1_000_000) * 80 + PNG[33:]), pixels(PNG))


@pytest.mark.parametrize("cut", [1, 4, 8, 12])
def test_a_png_without_its_end_is_decoded(cut):
    assert np.array_equal(pixels(PNG[:-cut]), pixels(PNG))


@pytest.mark.parametrize("cut", [100, 2000])
def test_a_png_that_misses_rows_is_broken(cut):
    with pytest.raises(ItemError) as failure:
        decode(PNG[: -12 - cut], LIMIT)
    assert failure.value.code == "broken_image"


def test_a_png_with_a_broken_animation_shows_its_default_image():
    """As `syntax_num_frames_zero.png` in the tests of APNG."""
    content = PNG[:33] + chunk(b"acTL", bytes(8)) + PNG[33:-12] + chunk(b"fdAT", b"\0\0\0\7x") + PNG[-12:]
    assert np.array_equal(pixels(content), pixels(PNG))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("cut", [1, 2])
def test_a_jpeg_without_its_end_is_decoded_if_all_rows_are_there(progressive, cut):
    content = encoded(scribble(320, 240, 3), "JPEG", quality=90, progressive=progressive)
    assert np.array_equal(pixels(content[:-cut]), pixels(content))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("cut", [4, 10, 100, 1000])
def test_a_jpeg_that_misses_rows_is_broken(progressive, cut):
    content = encoded(scribble(320, 240, 3), "JPEG", quality=90, progressive=progressive)
    with pytest.raises(ItemError) as failure:
        decode(content[:-cut], LIMIT)
    assert failure.value.code == "broken_image"


def test_a_jpeg_without_its_end_is_reduced_as_any_other():
    content = photo(1, 800, 600)
    assert decode(content[:-2], LIMIT, 100).size == decode(content, LIMIT, 100).size == (200, 150)
