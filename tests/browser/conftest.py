"""Debian's Chromium, driven by Playwright, on the page of the shared stack."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.screen import Screen
from tests.image_server import ImageServer, serving
from tests.pictures import photo
from tests.stack import Lichtbild

# Other tests may use all cores meanwhile.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)

PHOTOS = 230
PLACES = ("beach", "lake", "harbour", "city")
# Sizes of all kinds, so that rows of the grid differ.
SHAPES = ((160, 120), (120, 160), (200, 112), (140, 140))
HOSTILE = [
    "<img src=x onerror=\"document.title='pwned'\">",
    "\"><script>document.title='pwned'</script>",
    "javascript:document.title='pwned'",
    "{{constructor.constructor('document.title=1')()}}",
    "' onmouseover='document.title=1",
]


@dataclass(frozen=True)
class Photos:
    """A collection, and the server of its pictures: photo `photo-007` is that of seed 7."""

    collection: str
    images: ImageServer

    def picture(self, number: int) -> bytes:
        return photo(number, *SHAPES[number % len(SHAPES)])


def photo_id(number: int) -> str:
    return f"photo-{number:03d}"


@pytest.fixture(scope="package")
def images() -> Iterator[ImageServer]:
    with serving() as server:
        yield server


@pytest.fixture(scope="package")
def photos(shared_stack: Lichtbild, images: ImageServer) -> Photos:
    """A collection that no test changes. The last photos have hostile ids and attributes, and one a missing picture."""
    found = Photos("pages", images)
    items = []
    for number in range(PHOTOS):
        images.answers[f"/{number}.jpg"] = found.picture(number)
        items.append(
            {
                "photo_id": photo_id(number),
                "url": f"{images.url}/{number}.jpg",
                "attributes": {"place": PLACES[number % len(PLACES)], "year": 1990 + number % 30, "number": number},
            }
        )
    for number, text in enumerate(HOSTILE):
        items[number] |= {
            "photo_id": f"{text} {number}",
            "attributes": {"title": text, text: text, "place": "<b>sea</b>"},
        }
    job = shared_stack.finished(shared_stack.ingest(items, found.collection), 170)
    assert job["progress"]["stored"] == PHOTOS, job["progress"]
    return found


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    # Not for the session: its event loop would be that of all later tests in this process.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh browser profile, in English, with reduced motion."""
    context = chromium.new_context(
        locale="en-GB", viewport={"width": 1280, "height": 800}, reduced_motion="reduce", color_scheme="light"
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def screen(context: BrowserContext, lichtbild: Lichtbild) -> Iterator[Screen]:
    """The page. An error of a script, or a refusal of the Content-Security-Policy, fails the test."""
    with watched(context.new_page()) as page:
        yield Screen(page, lichtbild.api)


@contextmanager
def watched(page: Page) -> Iterator[Page]:
    """A page on which script errors, and refusals of the Content-Security-Policy, fail the block."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(f"dialog {dialog.message}"))
    page.on("console", lambda message: "Content Security Policy" in message.text and faults.append(message.text))
    yield page
    assert faults == []
