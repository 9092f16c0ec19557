"""The page of the API in Chromium: on a phone and on a desk, in the light and in the dark, with the keyboard."""

import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from api.app import create_app
from shared.settings import Settings
from tests.chromium import running_chromium

CONTRAST = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3)
      .map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!colour.startsWith("rgba(0, 0, 0, 0")) return colour;
    }
  };
  const worst = {ratio: 21, text: ""};
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const [low, high] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < worst.ratio) Object.assign(worst, {ratio, text: element.textContent.slice(0, 40)});
  }
  return worst;
}"""


@pytest.fixture(scope="module")
def address(redis_url: str, catalogue_url: str) -> Iterator[str]:
    app = create_app(Settings(redis_url=redis_url, catalogue_url=catalogue_url))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/docs"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    yield page
    page.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_is_legible(browser, address, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.goto(address)
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    worst = page.evaluate(CONTRAST)
    assert worst["ratio"] >= 4.5, worst
    page.close()


def test_the_headings_form_an_outline_without_gaps(page):
    levels = page.eval_on_selector_all("h1, h2, h3, h4, h5, h6", "all => all.map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_keyboard_skips_to_the_operations_and_reaches_the_samples(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the operations"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    unreachable = page.eval_on_selector_all("pre", "all => all.filter((one) => one.tabIndex !== 0).length")
    assert unreachable == 0


def test_a_link_to_an_operation_shows_it(page, address):
    page.goto(f"{address}#get_job")
    box = page.locator("#get_job").bounding_box()
    assert box is not None
    assert -1 <= box["y"] < 200


def test_the_accessibility_tree_names_the_landmarks_and_the_operations(page):
    tree = page.locator("body").aria_snapshot()
    assert 'navigation "Contents"' in tree
    assert "- main:" in tree
    assert 'region "ingest"' in tree
    assert 'article "Return a job, immediately or, with wait, as soon as it has ended"' in tree
