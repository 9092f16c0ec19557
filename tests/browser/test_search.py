"""Searching on the page: terms, weights, hits, and the state in the address."""

import json
import re

from playwright.sync_api import BrowserContext, Request, Route, expect

from tests.browser.conftest import HOSTILE, Photos, photo_id, watched
from tests.browser.screen import Screen, picture_file, query
from tests.stack import Lichtbild


def test_typing_shows_the_hits_of_the_api(screen: Screen, photos: Photos, lichtbild: Lichtbild):
    screen.open(query(collection=photos.collection))
    screen.page.keyboard.press("/")
    screen.searched(lambda: screen.page.keyboard.type("a boat"))
    found = lichtbild.search(text="a boat", collection=photos.collection, top_k=8, group_distance=0.01)
    expected = [hit["photo_id"] for hit in found["result"]["hits"]]
    expect(screen.hits.first).to_have_attribute("data-photo", expected[0])
    assert screen.ids()[:8] == expected
    screen.page.keyboard.press("Enter")
    expect(screen.chips).to_have_count(1)
    assert screen.state()["text"] == ["a boat"]


def test_an_older_answer_never_replaces_a_newer_one(screen: Screen, photos: Photos):
    held: list[Route] = []

    def hold_the_first(route: Route, request: Request) -> None:
        if request.post_data_json["terms"][0]["text"] == "old":
            held.append(route)
        else:
            route.continue_()

    screen.open(query(collection=photos.collection))
    screen.page.route("**/v1/search", hold_the_first)
    with screen.page.expect_request("**/v1/search"):
        screen.box.fill("old")
    screen.searched(lambda: screen.box.fill("new"))
    shown = screen.ids()
    for route in held:
        route.fulfill(status=200, json={"id": "1", "status": "succeeded", "result": {"hits": [], "took_ms": {}}})
    screen.page.wait_for_timeout(100)
    assert held
    assert screen.ids() == shown


def test_a_dropped_picture_finds_itself_and_survives_a_reload(screen: Screen, photos: Photos, chromium):
    screen.open(query(collection=photos.collection))
    screen.searched(lambda: screen.drop(picture_file(photos.picture(40))))
    expect(screen.hits.first).to_have_attribute("data-photo", photo_id(40))
    expect(screen.page.locator(".hit-distance").first).to_have_text("0.000")
    screen.page.reload()
    expect(screen.hits.first).to_have_attribute("data-photo", photo_id(40))
    address = screen.page.url

    # Elsewhere the picture is missing, and the chip tells so.
    elsewhere = chromium.new_context(locale="en-GB")
    page = elsewhere.new_page()
    page.goto(address)
    expect(page.locator(".chip.is-missing")).to_contain_text("Picture is not here")
    expect(page.get_by_role("heading", name="Every term is switched off")).to_be_visible()
    elsewhere.close()


def test_a_pasted_picture_and_a_text_with_weights(screen: Screen, photos: Photos):
    screen.open(query(collection=photos.collection, text="snow"))
    body = screen.searched(lambda: screen.paste(picture_file(photos.picture(41))))
    assert [sorted(term) for term in body["terms"]] == [["text", "weight"], ["image", "weight"]]
    slider = screen.page.get_by_role("slider").first
    slider.focus()
    body = screen.searched(lambda: slider.press("Home"))
    assert body["terms"][0] == {"text": "snow", "weight": -1}
    expect(slider).to_have_attribute("aria-valuenow", "-1")
    body = screen.searched(lambda: slider.press("PageUp"))
    assert body["terms"][0]["weight"] == -0.5
    assert screen.state()["weights"] == ["-0.5,1"]
    # A term of weight zero is switched off.
    body = screen.searched(lambda: slider.press("PageUp"))
    assert [sorted(term) for term in body["terms"]] == [["image", "weight"]]
    expect(screen.page.locator(".chip.is-off")).to_have_count(1)


def test_a_chip_is_weighed_by_dragging(screen: Screen, photos: Photos):
    screen.open(query(collection=photos.collection, text="snow")).settled()
    box = screen.page.get_by_role("slider").bounding_box()
    assert box
    screen.page.mouse.move(box["x"] + 20, box["y"] + 10)
    screen.page.mouse.down()
    screen.page.mouse.move(box["x"] + 20 + 35, box["y"] + 10, steps=5)
    screen.page.mouse.up()
    expect(screen.page.get_by_role("slider")).to_have_attribute("aria-valuenow", "1.5")


def test_more_and_less_of_a_hit(screen: Screen, photos: Photos):
    screen.open(query(collection=photos.collection, text="tree")).settled()
    first = screen.ids()[0]
    screen.hits.first.hover()
    body = screen.searched(lambda: screen.hits.first.get_by_role("button", name=re.compile("^More of")).click())
    assert body["terms"] == [{"text": "tree", "weight": 1}, {"photo_id": first, "weight": 0.5}]
    expect(screen.hits.first).to_have_attribute("data-photo", first)
    body = screen.searched(
        lambda: screen.hits.nth(2).get_by_role("button", name=re.compile("^Less of")).click(force=True)
    )
    assert body["terms"][2]["weight"] == -0.5
    expect(screen.page.locator(".chip.is-negative")).to_have_count(1)


def test_filters_are_built_from_the_attributes(screen: Screen, photos: Photos):
    screen.open(query(collection=photos.collection, text="tree")).settled()
    screen.button("More options").click()
    body = screen.searched(
        lambda: screen.page.get_by_role("group", name="place").get_by_role("button", name="lake").click()
    )
    assert body["filter"] == {"place": "lake"}
    body = screen.searched(
        lambda: screen.page.get_by_role("group", name="place").get_by_role("button", name="city").click()
    )
    assert body["filter"] == {"place": {"in": ["lake", "city"]}}
    expect(screen.page.locator(".filter")).to_have_text("place = lake, city")
    shown = {int(name[-3:]) % 4 for name in screen.ids()}
    assert shown == {1, 3}
    field = screen.page.get_by_label("year at least")
    body = screen.searched(lambda: (field.fill("2010"), field.press("Enter")))
    assert body["filter"]["and"][1] == {"year": {"gte": 2010}}


def test_a_hit_opens_walks_and_closes_by_keyboard(screen: Screen, photos: Photos):
    screen.open(query(collection=photos.collection, text="tree")).settled()
    ids = screen.ids()
    screen.page.keyboard.press("/")
    screen.page.keyboard.press("ArrowDown")
    screen.page.keyboard.press("ArrowRight")
    screen.page.keyboard.press("Enter")
    expect(screen.sheet).to_be_visible()
    assert screen.state()["open"] == [ids[1]]
    screen.page.keyboard.press("ArrowRight")
    expect(screen.sheet.get_by_role("heading", level=2)).to_be_visible()
    assert screen.state()["open"] == [ids[2]]
    screen.page.keyboard.press("Escape")
    expect(screen.sheet).to_have_count(0)
    assert "open" not in screen.state()
    focused = screen.page.evaluate("document.activeElement.closest('.hit')?.dataset.photo")
    assert focused == ids[1]


def test_back_and_reload_give_the_same_search(screen: Screen, photos: Photos):
    screen.open(query(collection=photos.collection, text="tree")).settled()
    before = screen.ids()
    screen.hits.nth(1).locator("a").click()
    screen.searched(screen.button("More like this").click)
    assert screen.state()["photo"] == [before[1]]
    expect(screen.hits.first).to_have_attribute("data-photo", before[1])
    screen.page.go_back()
    expect(screen.sheet).to_be_visible()
    screen.page.go_back()
    expect(screen.sheet).to_have_count(0)
    expect(screen.hits.first).to_have_attribute("data-photo", before[0])
    screen.page.reload()
    expect(screen.hits.first).to_have_attribute("data-photo", before[0])
    assert screen.ids()[:20] == before[:20]


def test_near_duplicates_are_folded_with_a_count(screen: Screen, lichtbild: Lichtbild, photos: Photos):
    items = [{"photo_id": name, "url": f"{photos.images.url}/50.jpg"} for name in ("one", "two", "three")]
    lichtbild.finished(lichtbild.ingest(items, "copies"))
    screen.open(query(collection="copies", text="tree")).settled()
    expect(screen.hits).to_have_count(1)
    expect(screen.page.locator(".hit-fold")).to_have_text("3")
    screen.hits.first.locator("a").click()
    expect(screen.sheet.get_by_role("heading", name="2 near-duplicates")).to_be_visible()


def test_a_deletion_asks_and_removes_the_hit(screen: Screen, lichtbild: Lichtbild, photos: Photos):
    items = [{"photo_id": str(number), "url": f"{photos.images.url}/{number}.jpg"} for number in range(60, 64)]
    lichtbild.finished(lichtbild.ingest(items, "deletions"))
    screen.open(query(collection="deletions", text="tree")).settled()
    expect(screen.hits).to_have_count(4)
    victim = screen.ids()[0]
    screen.hits.first.locator("a").click()
    screen.button("Delete").click()
    expect(screen.button("Keep it")).to_be_focused()
    assert lichtbild.get(f"/v1/photos/{victim}?collection=deletions")
    screen.button("Delete").click()
    expect(screen.sheet).to_have_count(0)
    expect(screen.hits).to_have_count(3)
    assert victim not in screen.ids()
    assert lichtbild.get("/v1/collections/deletions")["photos"] == 3


def test_hostile_texts_are_shown_as_they_are(screen: Screen, photos: Photos):
    for number, text in enumerate(HOSTILE):
        name = f"{text} {number}"
        screen.open(query(collection=photos.collection, photo=name, open=name)).settled()
        expect(screen.sheet.get_by_role("heading", level=2)).to_have_text(text)
        assert screen.sheet.locator("dd", has_text=text).count() >= 2
        assert screen.sheet.locator("a[href^='javascript:']").count() == 0
    screen.open(
        query(
            collection=photos.collection,
            text=HOSTILE[0],
            where=json.dumps({"name": HOSTILE[1], "op": "eq", "value": HOSTILE[1]}),
        )
    )
    screen.settled()
    screen.button("More options").click()
    expect(screen.page.locator(".facet").first).to_be_visible()
    assert screen.page.title() == "Lichtbild"
    assert screen.page.locator("main script, main b b, img[src='x']").count() == 0


def test_a_missing_picture_has_a_place_of_its_own(screen: Screen, lichtbild: Lichtbild, photos: Photos):
    photos.images.answers["/gone.jpg"] = photos.picture(70)
    lichtbild.finished(lichtbild.ingest([{"photo_id": "gone", "url": f"{photos.images.url}/gone.jpg"}], "missing"))
    photos.images.answers["/gone.jpg"] = 404
    screen.page.route("**/thumbnails/**", lambda route: route.fulfill(status=404))
    screen.open(query(collection="missing", text="tree"))
    expect(screen.page.locator(".hit-broken")).to_contain_text("Picture unavailable")
    screen.hits.first.locator("a").click()
    expect(screen.sheet.locator(".sheet-problem")).to_be_visible()


def test_two_tabs_search_on_their_own(screen: Screen, context: BrowserContext, photos: Photos):
    screen.open(query(collection=photos.collection, text="tree")).settled()
    first = screen.ids()
    with watched(context.new_page()) as page:
        other = Screen(page, screen.api).open(query(collection=photos.collection, photo=photo_id(90)))
        expect(other.hits.first).to_have_attribute("data-photo", photo_id(90))
        assert screen.ids() == first
