"""What a picture's EXIF data say, as attributes."""

import io

import pytest
from PIL import ExifTags, Image

from lichtbild.cli.exif_attributes import exif_attributes
from tests.pictures import encoded, scribble

BASE, GPS = ExifTags.Base, ExifTags.GPS
PLACE = {GPS.GPSLatitudeRef: "S", GPS.GPSLatitude: (33.0, 51.0, 24.84), GPS.GPSLongitudeRef: "E"}
PLACE |= {GPS.GPSLongitude: (151.0, 12.0, 54.0)}


def read(tags: dict, details: dict | None = None, place: dict | None = None, *, with_position: bool = True) -> dict:
    """The attributes of a JPEG with these EXIF data."""
    exif = Image.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    exif.get_ifd(ExifTags.IFD.Exif).update(details or {})
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(place or {})
    with Image.open(io.BytesIO(encoded(scribble(40, 30), "JPEG", exif=exif))) as picture:
        return exif_attributes(picture.getexif(), with_position=with_position)


def test_time_camera_and_position():
    found = read(
        {BASE.Make: "Canon", BASE.Model: "Canon EOS R5\0 ", BASE.DateTime: "2025:01:01 00:00:00"},
        {BASE.DateTimeOriginal: "2024:05:04 18:30:00", BASE.OffsetTimeOriginal: "+02:00"},
        PLACE,
    )
    assert found == {
        "taken": "2024-05-04T18:30:00+02:00",
        "camera": "Canon EOS R5",
        "gps": {"lat": -33.8569, "lon": 151.215},
    }


def test_a_position_is_left_out_unless_it_is_asked_for():
    assert read({}, None, PLACE) == {"gps": {"lat": -33.8569, "lon": 151.215}}
    assert read({}, None, PLACE, with_position=False) == {}


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("FUJIFILM", "X-T5", "FUJIFILM X-T5"),
        ("NIKON CORPORATION", "NIKON Z 8", "NIKON Z 8"),
        ("Apple", "iPhone 15 Pro", "Apple iPhone 15 Pro"),
        ("Apple", "", "Apple"),
        ("", "A camera", "A camera"),
    ],
)
def test_the_make_is_named_once(make, model, camera):
    assert read({BASE.Make: make, BASE.Model: model}) == {"camera": camera}


@pytest.mark.parametrize("date", ["0000:00:00 00:00:00", "    :  :     :  :  ", "yesterday", ""])
def test_a_date_that_is_none_is_left_out(date):
    assert read({BASE.DateTime: date}) == {}


@pytest.mark.parametrize(
    "change",
    [{GPS.GPSLatitude: (133.0, 0.0, 0.0)}, {GPS.GPSLatitude: (1.0,)}, {GPS.GPSLongitude: (400.0, 0.0, 0.0)}],
    ids=["no latitude", "one number", "no longitude"],
)
def test_a_position_that_is_none_is_left_out(change):
    assert read({}, None, PLACE | change) == {}
