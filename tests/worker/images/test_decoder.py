"""The decoder: limits before work, a code for each kind of failure."""

import io
import struct
import subprocess
import sys
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from shared.errors import ItemError
from tests.pictures import AWKWARD, encoded, photo, rotated, scribble
from worker.images.decoder import PICTURE_BOX, SIGNATURE_BYTES, decode, may_be_image

LIMIT = 50_000_000

# pytest collects what the decoder has silenced.
pytestmark = pytest.mark.filterwarnings("ignore")


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


def test_a_photo_is_rotated_by_its_exif_orientation():
    assert decode(rotated(6), LIMIT).size == (200, 300)


def test_of_an_animated_png_the_first_frame_that_is_played_counts():
    """Its default image is only for viewers that cannot play it."""
    first, *frames = (scribble(60, 40, seed) for seed in range(3))
    content = encoded(first, save_all=True, append_images=frames, default_image=True)
    assert decode(content, LIMIT).tobytes() == frames[0].tobytes()


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>not here</html>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"GIF", photo(1)[:20]],
)
def test_bytes_of_other_formats_are_not_an_image(content):
    assert code_of(content) == "not_an_image"


def test_a_truncated_image_is_broken():
    assert code_of(photo(1)[:-400]) == "broken_image"
    assert code_of(encoded(scribble(200, 200))[:-3000]) == "broken_image"


@pytest.mark.parametrize("side", [8_000, 20_000, 50_000])
def test_too_many_pixels_are_refused_before_they_are_decoded(side):
    assert code_of(bomb(side, side)) == "too_many_pixels"


def with_part(content: bytes, kind: bytes, data: bytes) -> bytes:
    """A PNG with one more chunk before its pixels."""
    part = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content[:33] + part + content[33:]


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_a_bomb_in_the_metadata_of_a_png_is_not_unpacked(kind):
    packed = zlib.compress(bytes(100_000_000))
    data = b"a\0\1\0\0\0" + packed if kind == b"iTXt" else b"a\0\0" + packed
    tracemalloc.start()
    try:
        with suppress(ItemError):
            decode(with_part(encoded(scribble(20, 20)), kind, data), LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def tiff(entries: int, data: bytes) -> bytes:
    """A TIFF of 10 x 10 grey pixels, each of whose further tags claims all of `data`."""
    tags = [(256, 4, 1, 10), (257, 4, 1, 10), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    tags += [(273, 4, 1, 8), (278, 4, 1, 10), (279, 4, 1, 100)]
    tags += [(40_000 + n, 7, len(data), 0) for n in range(entries)]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + directory + data


def test_a_tiff_whose_tags_all_claim_the_same_bytes_does_not_fill_the_memory():
    tracemalloc.start()
    try:
        decode(tiff(1000, bytes(1_000_000)), LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_one_directory_of_a_tiff_with_very_many_is_read():
    one = scribble(8, 8)
    buffer = io.BytesIO()
    one.save(buffer, "TIFF", save_all=True, append_images=[one] * 500)
    assert decode(buffer.getvalue(), LIMIT).size == (8, 8)
    # A directory whose successor is itself.
    endless = bytearray(tiff(0, bytes(200)))
    struct.pack_into("<I", endless, 8 + 2 + 8 * 12, 8)
    assert decode(bytes(endless), LIMIT).size == (10, 10)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_first_of_thousands_of_frames_is_decoded(kind):
    frames = [Image.new("RGB", (16, 16), (n % 256, n // 256, 7)) for n in range(3000)]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=10)
    assert decode(content, LIMIT).getpixel((8, 8)) == pytest.approx((0, 0, 7), abs=6)


def test_a_gif_frame_that_is_larger_than_its_screen_counts():
    content = bytearray(encoded(scribble(20, 20).quantize(8), "GIF"))
    frame = content.index(b"\x2c")
    struct.pack_into("<HH", content, frame + 5, 60_000, 60_000)
    assert code_of(bytes(content)) == "too_many_pixels"


@pytest.mark.parametrize("size", [(40_000, 40_000), (300, 200), (1, 1), (0, 120)])
def test_a_jpeg_with_another_size_in_its_header_is_safe(size):
    content = bytearray(photo(1))
    frame = content.index(b"\xff\xc0")
    struct.pack_into(">HH", content, frame + 5, size[1], size[0])
    # A smaller declared size decodes as a part of the picture; Pillow rejects the others.
    try:
        assert decode(bytes(content), LIMIT).size == size
    except ItemError as error:
        assert error.code in ("too_many_pixels", "broken_image", "not_an_image")


def test_a_jpeg_of_very_many_scans_is_refused_before_they_are_walked_through():
    content = encoded(scribble(64, 64), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    assert code_of(content[:last] + content[last:-2] * 5000 + content[-2:]) == "broken_image"


def test_unreadable_metadata_do_not_fail_the_picture():
    content = encoded(scribble(64, 48), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert decode(content, LIMIT).size == (64, 48)


def test_broken_tags_are_not_logged_one_by_one():
    program = "import sys; from worker.images.decoder import decode; decode(sys.stdin.buffer.read(), 10**6)"
    done = subprocess.run([sys.executable, "-c", program], input=tiff(50, bytes(1000)), capture_output=True, check=True)
    assert done.stderr == b""


def test_a_broken_tiff_writes_nothing_to_stderr():
    """libtiff has its own messages, below Python's."""
    content = bytearray(encoded(scribble(200, 200), "TIFF", compression="tiff_lzw"))
    content[100:4000:37] = b"\xa5" * len(content[100:4000:37])
    program = """import io, sys
from PIL import Image
{}
try: Image.open(io.BytesIO(sys.stdin.buffer.read())).load()
except OSError: pass"""
    without, ours = (
        subprocess.run([sys.executable, "-c", program.format(line)], input=content, capture_output=True, check=True)
        for line in ("", "import worker.images.decoder")
    )
    assert without.stderr
    assert ours.stderr == b""


def flat_jpeg(width: int, height: int, **options: object) -> bytes:
    return encoded(Image.new("RGB", (width, height), (90, 120, 150)), "JPEG", **options)


def test_the_limit_counts_the_pixels_that_are_decoded():
    content = flat_jpeg(1600, 1200)
    assert decode(content, 500_000, 100).size == (200, 150)
    assert code_of(content, 500_000) == "too_many_pixels"
    with pytest.raises(ItemError, match="more than 400000 pixels"):
        decode(content, 400_000, 100)


def test_all_pixels_of_a_progressive_jpeg_count_since_its_decoder_holds_them():
    with pytest.raises(ItemError, match="more than 500000 pixels"):
        decode(flat_jpeg(1600, 1200, progressive=True), 500_000, 100)


def test_all_pixels_of_a_jpeg_with_a_scan_for_each_component_count():
    content = bytearray(flat_jpeg(1600, 1200))
    scan = content.rindex(b"\xff\xda")
    content[scan + 4] = 1
    with pytest.raises(ItemError) as failure:
        decode(bytes(content), 500_000, 100)
    assert failure.value.code == "too_many_pixels"


@given(kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]), data=st.data())
@hypothesis_settings(max_examples=100, deadline=None)
def test_any_damaged_file_is_a_picture_or_an_item_error(kind, data):
    content = bytearray(encoded(scribble(24, 20), kind))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(len(content) // 2, len(content))) :]
    for shortest in (None, 8):
        with suppress(ItemError):
            assert decode(bytes(content), 10_000, shortest).mode == "RGB"


@pytest.mark.parametrize("kind", AWKWARD)
def test_every_format_is_known_by_its_first_bytes(kind):
    assert may_be_image(AWKWARD[kind]()[:SIGNATURE_BYTES])


@pytest.mark.parametrize(
    "start", [b"<html><head><title>", b"\0\0\0\x20ftypmp42\0\0\0\0", b"%PDF-1.7\n%abcdefg", bytes(16)]
)
def test_other_files_are_known_by_theirs(start):
    assert not may_be_image(start[:SIGNATURE_BYTES])


@pytest.mark.parametrize(
    ("size", "shortest", "decoded"),
    [
        ((4000, 3000), 448, (1000, 750)),
        ((4000, 3000), 128, (500, 375)),
        ((1001, 801), 400, (501, 401)),
        ((640, 427), 448, (640, 427)),
        ((897, 895), 448, (897, 895)),
        ((897, 896), 448, (449, 448)),
        ((30, 4000), 448, (30, 4000)),
    ],
)
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_keeps_enough(size, shortest, decoded):
    image = decode(photo(1, *size), LIMIT, shortest)
    assert image.size == decoded
    scale = round(size[0] / decoded[0])
    left, upper, right, lower = image.info.get(PICTURE_BOX, (0, 0, *decoded))
    assert (left, upper, right * scale, lower * scale) == (0, 0, *size)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_other_formats_are_decoded_whole(kind):
    assert decode(encoded(scribble(800, 600), kind), LIMIT, 100).size == (800, 600)


@pytest.mark.parametrize(("size", "decoded"), [((800, 1200), (600, 400)), ((801, 1200), (1200, 801))])
def test_a_turned_jpeg_is_reduced_if_its_pixels_stay_whole(size, decoded):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = decode(encoded(scribble(*size), "JPEG", exif=exif), LIMIT, 400)
    assert image.size == decoded
    assert PICTURE_BOX not in image.info


def test_formats_that_run_programs_are_not_opened():
    buffer = io.BytesIO()
    scribble(20, 20).save(buffer, "EPS")
    assert code_of(buffer.getvalue()) == "not_an_image"
