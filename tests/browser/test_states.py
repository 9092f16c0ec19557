"""What the page shows when something is missing, slow, or different: connection, key, language, theme, width."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect
from pydantic import SecretStr
from werkzeug.serving import make_server

from api.app import create_app
from shared.settings import Settings
from tests.browser.axe import faults
from tests.browser.conftest import Photos, photo_id, watched
from tests.browser.screen import Screen, query
from tests.stack import Lichtbild

KEY = "a key for this test"


@pytest.fixture
def locked(lichtbild: Lichtbild) -> Iterator[str]:
    """The address of a second API of the shared stack, one that wants a key."""
    app = create_app(Settings(**lichtbild.stores, api_keys=(SecretStr(KEY),)))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def test_a_key_is_asked_for_and_kept_for_the_session(screen: Screen, locked: str, photos: Photos, chromium: Browser):
    screen.api = locked
    screen.open(query(collection=photos.collection, photo=photo_id(30)))
    prompt = screen.page.get_by_role("dialog", name="This Lichtbild is locked")
    expect(prompt).to_be_visible()
    assert faults(screen) == []
    prompt.get_by_label("API key").fill("a wrong one")
    screen.button("Unlock").click()
    expect(prompt.get_by_role("alert")).to_have_text("That key was not accepted.")
    prompt.get_by_label("API key").fill(KEY)
    screen.button("Unlock").click()
    expect(screen.hits.first).to_have_attribute("data-photo", photo_id(30))
    screen.page.reload()
    expect(screen.hits.first).to_have_attribute("data-photo", photo_id(30))
    assert screen.page.evaluate("JSON.stringify(localStorage)").count(KEY) == 0
    elsewhere = chromium.new_context(locale="en-GB")
    page = elsewhere.new_page()
    page.goto(screen.page.url)
    expect(page.get_by_role("dialog", name="This Lichtbild is locked")).to_be_visible()
    elsewhere.close()


def test_the_api_goes_away_and_comes_back(screen: Screen, photos: Photos):
    screen.open(query(collection=photos.collection, text="tree")).settled()
    before = screen.ids()
    screen.page.route("**/v1/**", lambda route: route.abort())
    screen.box.fill("sea")
    notice = screen.page.get_by_role("alert")
    expect(notice).to_contain_text("Lichtbild does not answer")
    # The last hits stay meanwhile.
    assert screen.ids() == before
    screen.page.unroute("**/v1/**")
    expect(notice).to_have_count(0)
    expect(screen.page.locator(".is-old")).to_have_count(0)
    assert screen.ids() != before


def test_a_full_queue_is_waited_for(screen: Screen, photos: Photos):
    is_full = True

    def refuse_while_full(route: Route) -> None:
        if is_full:
            problem = {"code": "overloaded", "detail": "Too many searches."}
            route.fulfill(status=429, headers={"Retry-After": "1"}, json=problem)
        else:
            route.continue_()

    screen.page.route("**/v1/search", refuse_while_full)
    screen.open(query(collection=photos.collection, text="tree"))
    expect(screen.page.get_by_role("alert")).to_contain_text("Very busy right now")
    assert faults(screen) == []
    is_full = False
    expect(screen.hits.first).to_be_visible()
    expect(screen.page.get_by_role("alert")).to_have_count(0)


def test_a_slow_search_says_so(screen: Screen, photos: Photos):
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    screen.page.route("**/v1/search", hold)
    screen.open(query(collection=photos.collection, text="tree"))
    expect(screen.page.locator(".skeleton")).to_be_visible()
    expect(screen.page.get_by_text("This takes longer than usual…")).to_be_visible()
    held[0].continue_()
    expect(screen.hits.first).to_be_visible()
    expect(screen.page.get_by_text("This takes longer than usual…")).to_have_count(0)


def test_a_fault_of_the_query_is_explained(screen: Screen, photos: Photos):
    screen.open(query(collection=photos.collection, photo="no such photo"))
    alert = screen.page.get_by_role("alert")
    expect(alert).to_contain_text("no such photo")
    expect(alert).to_contain_text("Request ")


def test_nothing_found_offers_to_widen(screen: Screen, photos: Photos):
    screen.open(query(collection=photos.collection, text="tree", within="0.0001")).settled()
    expect(screen.page.get_by_role("heading", name="Nothing found")).to_be_visible()
    screen.searched(screen.button("Remove the conditions").click)
    expect(screen.hits.first).to_be_visible()


def test_an_empty_collection_leads_to_adding(screen: Screen, photos: Photos):
    screen.open(query(collection="empty"))
    expect(screen.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    screen.page.get_by_role("link", name="Add photos").click()
    expect(screen.page.get_by_role("heading", name="Add photos")).to_be_visible()


def test_the_start_shows_photos_at_random(screen: Screen, photos: Photos):
    screen.open(query(collection=photos.collection))
    expect(screen.hits.nth(8)).to_be_visible()
    before = screen.ids()
    screen.button("Other photos").click()
    expect(screen.hits.first).not_to_have_attribute("data-photo", before[0])


def test_german(chromium: Browser, lichtbild: Lichtbild, photos: Photos):
    context = chromium.new_context(locale="de-AT", reduced_motion="reduce")
    with watched(context.new_page()) as page:
        screen = Screen(page, lichtbild.api).open(query(collection=photos.collection, photo=photo_id(31)))
        expect(screen.page.locator(".hit-distance").first).to_have_text("0,000")
        expect(screen.page.get_by_text("Die nächsten von 230 Fotos")).to_be_visible()
        assert page.evaluate("document.documentElement.lang") == "de"
        screen.button("English").click()
        expect(screen.page.get_by_text("Nearest of 230 photos")).to_be_visible()
        page.reload()
        expect(screen.page.get_by_text("Nearest of 230 photos")).to_be_visible()
    context.close()


def test_both_languages_have_the_same_texts(screen: Screen):
    screen.open()
    differences = screen.page.evaluate(
        """async () => {
          const [en, de] = await Promise.all(["en", "de"].map((tag) => import(`/page/js/messages/${tag}.js`)));
          const marks = (text) => [...JSON.stringify(text).matchAll(/\\{(\\w+)\\}/g)].map((found) => found[1]).sort();
          const names = new Set([...Object.keys(en.default), ...Object.keys(de.default)]);
          return [...names].filter((name) => {
            const [one, other] = [en.default[name], de.default[name]];
            return typeof one !== typeof other || String(marks(one)) !== String(marks(other));
          });
        }"""
    )
    assert differences == []


def brightness(screen: Screen) -> float:
    colour = screen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in colour[4:-1].split(",")) / 3


def test_dark_follows_the_system_until_it_is_chosen(screen: Screen):
    screen.open("add")
    assert brightness(screen) > 200
    screen.page.emulate_media(color_scheme="dark")
    assert brightness(screen) < 60
    screen.button("Colours: as the system").click()
    assert brightness(screen) > 200
    screen.button("Colours: light").click()
    screen.page.emulate_media(color_scheme="light")
    screen.page.reload()
    expect(screen.button("Colours: dark")).to_be_visible()
    assert brightness(screen) < 60


@pytest.mark.parametrize("width", [390, 768, 1920])
def test_no_view_is_wider_than_the_window(context: BrowserContext, lichtbild: Lichtbild, photos: Photos, width: int):
    with watched(context.new_page()) as page:
        page.set_viewport_size({"width": width, "height": 844})
        screen = Screen(page, lichtbild.api)
        for address in (
            query(collection=photos.collection, text="a rather long text about a harbour at night", photo=photo_id(33)),
            query(collection=photos.collection, text="tree", open=photo_id(34)),
            "add",
            "jobs",
            "status",
        ):
            screen.open(address)
            expect(page.locator("main")).to_be_visible()
            page.wait_for_timeout(150)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
