"""The contact sheet: every hit has its place, with or without a picture."""

import io
from pathlib import Path

import pytest
from PIL import Image

from lichtbild.cli import fonts
from lichtbild.cli.contact_sheet import (
    EMPTY,
    PAPER,
    PICTURE,
    QUERY_WIDTH,
    SheetHit,
    SheetRow,
    draw_contact_sheet,
    undrawable_letters,
)
from lichtbild.cli.pictures import fetch_pictures, open_picture
from tests.lichtbild.fake_api import FakeApi, Reply

RED = Image.new("RGB", (300, 200), "#ff0000")


def colours(sheet: Image.Image) -> set[tuple[int, int, int]]:
    return {colour for _, colour in sheet.getcolors(sheet.width * sheet.height)}


def test_pictures_and_placeholders_are_drawn() -> None:
    hits = [SheetHit("a", 0.1, "a man", RED), SheetHit("b", 0.2)]

    sheet = draw_contact_sheet([SheetRow(hits, text="a man standing on the beach", label="text")])

    found = colours(sheet)
    assert (255, 0, 0) in found
    assert Image.new("RGB", (1, 1), EMPTY).getpixel((0, 0)) in found
    assert sheet.getpixel((0, 0)) == Image.new("RGB", (1, 1), PAPER).getpixel((0, 0))


def test_many_hits_go_on_in_the_next_line_and_rows_below_each_other() -> None:
    five = draw_contact_sheet([SheetRow([SheetHit("a", 0.1)] * 5)])
    six = draw_contact_sheet([SheetRow([SheetHit("a", 0.1)] * 6)])
    two_rows = draw_contact_sheet([SheetRow([SheetHit("a", 0.1)] * 5)] * 2)

    assert five.width == six.width == two_rows.width > QUERY_WIDTH + 5 * PICTURE
    assert six.height > five.height + PICTURE
    assert two_rows.height > five.height + PICTURE


@pytest.mark.parametrize(
    "row",
    [
        SheetRow([]),
        SheetRow([], text="nothing found"),
        SheetRow([SheetHit("a", 0.1)], picture=RED),
        SheetRow([SheetHit("x" * 256, 0.1, "word " * 500)], text="y" * 8000),
        SheetRow([SheetHit("日本/ü", 0.1, "\x1b[31m\u202e wörds")], text="Grüße, 世界"),
        SheetRow([SheetHit("thin", 0.1, "", Image.new("RGB", (4000, 3)))], picture=Image.new("L", (1, 3000))),
    ],
)
def test_odd_rows_can_be_drawn(row: SheetRow) -> None:
    sheet = draw_contact_sheet([row])

    assert sheet.width > QUERY_WIDTH
    assert sheet.height < 1500


def test_no_rows_make_an_empty_sheet() -> None:
    assert draw_contact_sheet([]).width > 0


def test_pictures_are_fetched_in_order_and_what_fails_is_none(api: FakeApi, tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("RGB", (2000, 1000), "#00ff00").save(content, "JPEG")
    api.on("GET", "/good.jpg", Reply(content.getvalue(), content_type="image/jpeg"))
    api.on("GET", "/text.jpg", Reply(b"not an image"))
    api.on("GET", "/cut.jpg", Reply(reset=True))

    urls = [f"{api.url}/{name}" for name in ("text.jpg", "good.jpg", "gone.jpg", "cut.jpg")]
    found = fetch_pictures([*urls, "nonsense://x", ""])

    assert [one.picture and one.picture.size for one in found] == [None, (512, 256), None, None, None, None]
    assert [one.problem for one in found[:3]] == ["not an image", "", "HTTP 404"]
    assert all(one.problem for one in found[3:])


def test_a_truncated_picture_is_none() -> None:
    content = io.BytesIO()
    Image.new("RGB", (200, 200), "#00ff00").save(content, "JPEG")

    assert open_picture(content.getvalue()[:300]) is None


@pytest.mark.parametrize("name", ["Houses Dataset/Houses Dataset/{}_frontal.jpg", "a name that all photos have {}.jpg"])
def test_ids_that_begin_alike_stay_apart(name: str) -> None:
    def drawn(number: int) -> bytes:
        return draw_contact_sheet([SheetRow([SheetHit(name.format(number), 0.1, picture=RED)])]).tobytes()

    assert len({drawn(number) for number in (1, 2, 3)}) == 3


def test_a_missing_picture_has_its_reason() -> None:
    sheets = [draw_contact_sheet([SheetRow([SheetHit("a", 0.1, problem=problem)])]) for problem in ("", "HTTP 404")]

    assert sheets[0].tobytes() != sheets[1].tobytes()


def test_letters_without_a_font_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine with no font but Pillow's own."""
    fonts._best.cache_clear()
    monkeypatch.setattr(fonts, "_candidates", lambda _letters: iter([None]))

    assert undrawable_letters([SheetRow([SheetHit("a", 0.1, "日本 and 日")], text="本")]) == "日本"
    assert undrawable_letters([SheetRow([SheetHit("a", 0.1, "plain")])]) == ""
    fonts._best.cache_clear()
