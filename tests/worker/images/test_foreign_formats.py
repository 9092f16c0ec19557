"""Files that are no picture we decode: their error names what they are. HEIC with and without its package."""

import io
import subprocess
import sys
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from shared.errors import ItemError
from tests.image_server import reply
from tests.pictures import photo
from tests.worker.fetch.fetching import failure_of, fetcher
from worker.images.decoder import SIGNATURE_BYTES, decode
from worker.images.foreign_formats import format_name

ROOT = Path(__file__).parents[3]
HEIC = b"\0\0\0\x1cftypheic\0\0\0\0mif1heic"
JXL = b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl "


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (HEIC, "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0", "HEIF"),
        (JXL, "JPEG XL"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "CR3"),
        (b"\0\0\0\x20ftypisom\0\0\2\0", "MP4"),
        (b"FUJIFILMCCD-RAW 0201", "RAF"),
        (b"8BPS\0\1", "PSD"),
        (b"%PDF-1.7", "PDF"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html>", "HTML"),
        (b"<svg xmlns='http://www", "SVG"),
        (b"\x1f\x8b\x08", "gzip"),
    ],
)
def test_a_format_is_named_by_its_first_bytes(start, name):
    assert name in (format_name(start[:SIGNATURE_BYTES]) or "")


@pytest.mark.parametrize("start", [b"", b"zzzz", bytes(16)])
def test_unknown_bytes_have_no_name(start):
    assert format_name(start) is None


def test_a_download_and_an_upload_name_the_format(image_server):
    image_server.answers["/a.jpg"] = lambda request: reply(request, 200, JXL + bytes(500), Content_Type="image/jpeg")
    failure = failure_of(f"{image_server.url}/a.jpg")
    with pytest.raises(ItemError) as refused:
        decode(JXL + bytes(500), 10_000)
    assert (failure.code, refused.value.code) == ("not_an_image", "not_an_image")
    assert "JPEG XL" in str(failure)
    assert "JPEG XL" in str(refused.value)


@pytest.fixture(scope="module")
def heic() -> bytes:
    """A green picture, higher than wide."""
    content = io.BytesIO()
    made = pillow_heif.from_pillow(Image.new("RGB", (64, 96), (0, 200, 0)))
    made.save(content, quality=90)
    return content.getvalue()


def test_heic_is_decoded_with_its_package(image_server, heic):
    image_server.answers["/a.jpg"] = heic
    image = decode(fetcher().fetch(f"{image_server.url}/a.jpg"), 10_000)
    assert (image.mode, image.size) == ("RGB", (64, 96))
    red, green, blue = image.getpixel((30, 40))
    assert green > 150 > max(red, blue)


def test_limits_apply_to_heic(heic):
    for content, code in ((heic, "too_many_pixels"), (heic[:300], "broken_image")):
        with pytest.raises(ItemError) as failure:
            decode(content, 6_000 if code == "too_many_pixels" else 10_000)
        assert failure.value.code == code


def test_without_its_package_the_error_names_the_extra(tmp_path, heic):
    (tmp_path / "a.jpg").write_bytes(heic)
    (tmp_path / "b.jpg").write_bytes(photo(1))
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); sys.modules['pillow_heif'] = None\n"
        "from worker.images.decoder import decode\n"
        "print(decode(open('b.jpg', 'rb').read(), 10**6).mode)\n"
        "try: decode(open('a.jpg', 'rb').read(), 10**6)\n"
        "except Exception as error: print(error.code, error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(ROOT)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[0] == "RGB"
    assert "not_an_image" in ran.stdout
    assert "lichtbild[heic]" in ran.stdout
