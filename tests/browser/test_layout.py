"""Main states of the page, compared loosely with small pictures of them: a broken layout fails.

Each screenshot is reduced to 64 grey pixels in width, with photos painted over, so that fonts and antialiasing hardly
count. `LAYOUTS=write` writes the pictures in `layouts/` anew, after a change of the design that was looked at.
"""

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Photos, photo_id
from tests.browser.screen import Screen, query

FOLDER = Path(__file__).parent / "layouts"
WIDTH = 64
# Mean difference in grey levels of 255. The same page differs by less than 1, with another font by 4, without a style
# sheet by 7 and more.
MOST = 6.0
PATIENCE_SECONDS = 20
SIZES = {"wide": (1280, 800), "phone": (390, 844)}


def show_hits(screen: Screen, photos: Photos) -> None:
    screen.open(query(collection=photos.collection, photo=photo_id(30))).settled()
    expect(screen.hits.nth(5)).to_be_visible()


def show_filters(screen: Screen, photos: Photos) -> None:
    show_hits(screen, photos)
    screen.button("More options").click()
    expect(screen.page.locator(".facet").first).to_be_visible()


def show_nothing(screen: Screen, photos: Photos) -> None:
    screen.open(query(collection="nothing"))
    expect(screen.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def show_adding(screen: Screen, photos: Photos) -> None:
    screen.open("add")
    expect(screen.page.locator(".way-button").last).to_be_visible()


STATES: dict[str, Callable[[Screen, Photos], None]] = {
    "hits": show_hits,
    "filters": show_filters,
    "nothing": show_nothing,
    "adding": show_adding,
}


def layout(screen: Screen) -> Image.Image:
    """The window in grey, 64 pixels wide; a grey field in place of each photo."""
    page = screen.page
    shot = Image.open(
        io.BytesIO(page.screenshot(mask=[page.locator("img")], mask_color="#777777", animations="disabled"))
    ).convert("L")
    return shot.resize((WIDTH, round(WIDTH * shot.height / shot.width)), Image.Resampling.BOX)


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference in grey levels."""
    return float(np.abs(np.asarray(one, np.float32) - np.asarray(other, np.float32)).mean())


def sized(screen: Screen, size: str) -> Screen:
    width, height = SIZES[size]
    screen.page.set_viewport_size({"width": width, "height": height})
    return screen


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
def test_the_layout_is_the_known_one(screen: Screen, photos: Photos, state: str, size: str):
    STATES[state](sized(screen, size), photos)
    path = FOLDER / f"{state}-{size}.png"
    if os.environ.get("LAYOUTS") == "write":
        FOLDER.mkdir(exist_ok=True)
        layout(screen).save(path, optimize=True)
    known, deadline = Image.open(path), time.monotonic() + PATIENCE_SECONDS
    # A busy machine may still be drawing.
    while (found := difference(layout(screen), known)) >= MOST and time.monotonic() < deadline:
        screen.page.wait_for_timeout(500)
    assert found < MOST, f"look at it; if it is meant so: LAYOUTS=write, {path.name}"


@pytest.mark.parametrize(("sheet", "state"), [("base", "adding"), ("bar", "filters"), ("grid", "hits")])
def test_a_page_without_one_of_its_style_sheets_is_another(screen: Screen, photos: Photos, sheet: str, state: str):
    """The comparison itself works."""
    screen.page.route(f"**/page/css/{sheet}.css", lambda route: route.fulfill(body="", content_type="text/css"))
    STATES[state](sized(screen, "wide"), photos)
    assert difference(layout(screen), Image.open(FOLDER / f"{state}-wide.png")) > MOST
