"""axe finds no violation on any view, in either theme; everything has a name, and keys reach it."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import faults
from tests.browser.conftest import Photos, photo_id
from tests.browser.screen import Screen, picture_file, query
from tests.stack import Lichtbild


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(screen: Screen, photos: Photos, lichtbild: Lichtbild, theme: str):
    page = screen.page
    page.emulate_media(color_scheme=theme)
    job = lichtbild.ingest(
        [{"photo_id": str(number), "url": f"{photos.images.url}/axe-{number}.jpg"} for number in range(3)], "axe"
    )
    lichtbild.finished(job)

    screen.open(query(collection=photos.collection))
    expect(screen.hits.first).to_be_visible()
    assert faults(screen) == []

    screen.open(query(collection=photos.collection, text="tree", photo=photo_id(35), weights="-0.5,1")).settled()
    screen.button("More options").click()
    expect(page.locator(".facet").first).to_be_visible()
    screen.searched(page.get_by_role("button", name="lake").click)
    assert faults(screen) == []

    screen.open(query(collection=photos.collection, text="tree", open=photo_id(36))).settled()
    screen.button("Delete").click()
    assert faults(screen) == []

    screen.open(query(collection=photos.collection, text="tree", within="0")).settled()
    assert faults(screen) == []

    screen.open(query(collection=photos.collection, photo="unknown"))
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(screen) == []

    screen.open("add")
    assert faults(screen) == []
    screen.drop({**picture_file(b"key,picture\n1,http://x/1.jpg\n", "a.csv"), "type": "text/csv"})
    expect(page.locator("tbody tr")).to_have_count(1)
    assert faults(screen) == []
    screen.open("add")
    screen.drop(picture_file(photos.picture(37)))
    expect(page.locator(".strip img")).to_have_count(1)
    assert faults(screen) == []

    screen.open("jobs")
    expect(page.locator(".job").first).to_be_visible()
    assert faults(screen) == []
    screen.open(f"jobs/{job}")
    expect(page.locator(".table tbody tr")).to_have_count(3)
    assert faults(screen) == []
    screen.open("status")
    expect(page.locator(".card").first).to_be_visible()
    assert faults(screen) == []


def test_axe_would_find_something(screen: Screen):
    """The check itself works."""
    screen.open("add")
    screen.page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any(fault.startswith("button-name") for fault in faults(screen))


def test_everything_can_be_done_by_keyboard(screen: Screen, photos: Photos):
    """Find, weigh, refine by a filter, open a hit, and search by it, without a pointer."""
    keyboard = screen.page.keyboard
    screen.open(query(collection=photos.collection))
    keyboard.press("/")
    screen.searched(lambda: keyboard.type("tree"))
    keyboard.press("Enter")
    expect(screen.chips).to_have_count(1)
    keyboard.press("Shift+Tab")
    keyboard.press("Shift+Tab")
    body = screen.searched(lambda: keyboard.press("ArrowRight"))
    assert body["terms"] == [{"text": "tree", "weight": 1.1}]
    keyboard.press("/")
    keyboard.press("Tab")
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(screen.page.locator(".facet").first).to_be_visible()
    keyboard.press("Tab")
    screen.searched(lambda: keyboard.press("Enter"))
    expect(screen.page.locator(".filter")).to_have_count(1)
    keyboard.press("/")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(screen.sheet).to_be_visible()
    keyboard.press("Tab")
    screen.searched(lambda: keyboard.press("Enter"))
    assert "photo" in screen.state()
    expect(screen.sheet).to_have_count(0)


def test_the_content_can_be_skipped_to(screen: Screen):
    screen.open("jobs")
    expect(screen.page.get_by_role("heading", name="Jobs")).to_be_visible()
    screen.page.keyboard.press("Tab")
    expect(screen.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    screen.page.keyboard.press("Enter")
    assert screen.page.evaluate("document.activeElement.id") == "main"


def test_changes_are_announced(screen: Screen, photos: Photos):
    screen.open(query(collection=photos.collection, text="tree")).settled()
    expect(screen.page.locator(".summary [role=status]")).to_have_text("Nearest of 230 photos")
