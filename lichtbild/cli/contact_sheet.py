"""Draws a contact sheet: one row per query, with its hits next to it, nearest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageOps

from lichtbild.cli.fonts import font_for, letters_without_font
from lichtbild.cli.printable import printable

PAPER, INK, QUIET, LINE, EMPTY, ACCENT = "#fbfaf7", "#22211f", "#7d7a74", "#dedad2", "#ebe8e1", "#b3541e"
PICTURE = 220
QUERY_WIDTH = 260
COLUMNS = 5
GAP = 18
MARGIN = 32
CAPTION = 74
CORNER = 8


class _Style(NamedTuple):
    colour: str
    size: int


_LABEL, _QUERY = _Style(ACCENT, 13), _Style(INK, 24)
_RANK, _FACT, _NOTE, _MISSING = _Style(ACCENT, 16), _Style(INK, 16), _Style(QUIET, 13), _Style(QUIET, 16)


@dataclass(frozen=True)
class SheetHit:
    """One hit; without `picture` a placeholder is drawn, with the reason. `distance` is the cosine distance."""

    photo_id: str
    distance: float
    description: str = ""
    picture: Image.Image | None = None
    problem: str = ""


@dataclass(frozen=True)
class SheetRow:
    """One query: its text, its picture, or both."""

    hits: Sequence[SheetHit]
    text: str | None = None
    picture: Image.Image | None = None
    label: str = ""


def _end_cut(text: str, kept: int) -> str:
    """The first `kept` letters."""
    return text[:kept].rstrip() + "…"


def _middle_cut(text: str, kept: int) -> str:
    """For ids, which often begin alike: most of the `kept` letters are at the end."""
    first = kept // 3
    return f"{text[:first]}…{text[len(text) - (kept - first) :]}"


_Cut = Callable[[str, int], str]


def undrawable_letters(rows: Sequence[SheetRow]) -> str:
    """The letters of all captions that no font on this machine has, each once."""
    captions = [hit.photo_id + hit.description for row in rows for hit in row.hits]
    return letters_without_font(printable("".join([*captions, *(row.text or "" for row in rows)])))


def draw_contact_sheet(rows: Sequence[SheetRow]) -> Image.Image:
    """One image with all rows, one below the other."""
    columns = max((min(len(row.hits), COLUMNS) for row in rows), default=0)
    width = 2 * MARGIN + QUERY_WIDTH + max(1, columns) * (PICTURE + GAP)
    heights = [_row_height(row) for row in rows]
    sheet = Image.new("RGB", (width, 2 * MARGIN + sum(heights) + 2 * GAP * max(0, len(rows) - 1)), PAPER)
    top = MARGIN
    for number, (row, height) in enumerate(zip(rows, heights, strict=True)):
        if number:
            ImageDraw.Draw(sheet).line((MARGIN, top - GAP, width - MARGIN, top - GAP), LINE)
        _draw_query(sheet, row, MARGIN, top)
        for place, hit in enumerate(row.hits):
            down, across = divmod(place, COLUMNS)
            left = MARGIN + QUERY_WIDTH + GAP + across * (PICTURE + GAP)
            _draw_hit(sheet, place + 1, hit, left, top + down * (PICTURE + CAPTION))
        top += height + 2 * GAP
    return sheet


def _row_height(row: SheetRow) -> int:
    """The height in pixels of the hits or of the query, whichever is taller."""
    lines = -(-len(row.hits) // COLUMNS)
    return max(lines * (PICTURE + CAPTION), _draw_query(Image.new("RGB", (1, 1)), row, 0, 0))


def _draw_query(sheet: Image.Image, row: SheetRow, left: int, top: int) -> int:
    """Draw the label, text and picture of a query; return the used height in pixels."""
    draw = ImageDraw.Draw(sheet)
    width = QUERY_WIDTH - GAP
    at = top
    if row.label:
        _write(draw, (left, at), row.label.upper(), _LABEL, width)
        at += 26
    if row.text:
        for line in _wrapped(f"“{row.text}”", _QUERY, width, most=6):
            _write(draw, (left, at), line, _QUERY, width)
            at += 32
        at += 10
    if row.picture is not None:
        scaled = _contained(row.picture.convert("RGB"), width, PICTURE)
        _paste(sheet, scaled, left, at)
        at += scaled.height
    return at - top


def _draw_hit(sheet: Image.Image, rank: int, hit: SheetHit, left: int, top: int) -> None:
    draw = ImageDraw.Draw(sheet)
    if hit.picture is None:
        draw.rounded_rectangle((left, top, left + PICTURE - 1, top + PICTURE - 1), CORNER, EMPTY)
        middle = left + PICTURE // 2
        across, down = PICTURE - 20, top + PICTURE // 2
        reason = f"no picture: {hit.problem}" if hit.problem else "no picture"
        _write(draw, (middle, down - 4), hit.photo_id, _MISSING, across, anchor="ms", cut=_middle_cut)
        _write(draw, (middle, down + 18), reason, _NOTE, across, anchor="ms")
    else:
        _paste(sheet, ImageOps.fit(hit.picture.convert("RGB"), (PICTURE, PICTURE)), left, top)
    at = top + PICTURE + 6
    _write(draw, (left, at), str(rank), _RANK, 40)
    _write(draw, (left + 28, at), hit.photo_id, _FACT, PICTURE - 96, cut=_middle_cut)
    _write(draw, (left + PICTURE, at), f"{hit.distance:.4f}", _FACT, 68, anchor="ra")
    for number, line in enumerate(_wrapped(hit.description, _NOTE, PICTURE, most=2)):
        _write(draw, (left, at + 22 + 17 * number), line, _NOTE, PICTURE)


def _contained(picture: Image.Image, width: int, height: int) -> Image.Image:
    """Scaled to fit, at least one pixel wide and high."""
    scale = min(width / picture.width, height / picture.height)
    return picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))


def _paste(sheet: Image.Image, picture: Image.Image, left: int, top: int) -> None:
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, picture.width - 1, picture.height - 1), CORNER, 255)
    sheet.paste(picture, (left, top), mask)


def _write(
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    style: _Style,
    width: int,
    *,
    anchor: str = "la",
    cut: _Cut = _end_cut,
) -> None:
    """Draw one line, cut to `width` pixels with an ellipsis."""
    fitting = _fitting(text, style, width, cut)
    draw.text(at, fitting, style.colour, font_for(fitting, style.size), anchor=anchor)


def _wrapped(text: str, style: _Style, width: int, most: int) -> list[str]:
    """Broken between words into at most `most` lines; the last one takes the rest."""
    words = printable(text).split()
    lines: list[str] = []
    while words and len(lines) < most - 1:
        count = 1
        while count < len(words) and _width(" ".join(words[: count + 1]), style) <= width:
            count += 1
        lines.append(" ".join(words[:count]))
        del words[:count]
    return [*lines, " ".join(words)] if words else lines


def _fitting(text: str, style: _Style, width: int, cut: _Cut) -> str:
    text = printable(text)
    forms = [text, f"…/{text.rpartition('/')[2]}"] if cut is _middle_cut and "/" in text else [text]
    for form in forms:
        if _width(form, style) <= width:
            return form
    text = forms[-1].removeprefix("…/")
    # Each letter has at least a pixel.
    kept = min(len(text) - 1, width)
    while kept and _width(cut(text, kept), style) > width:
        kept -= 1
    return cut(text, kept)


def _width(text: str, style: _Style) -> float:
    return font_for(text, style.size).getlength(text)
