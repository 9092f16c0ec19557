"""The grid of hits: endless scroll, long lists, rows of the right shape."""

import itertools

from playwright.sync_api import Browser, Request, Route, expect

from tests.browser.conftest import PHOTOS, Photos
from tests.browser.main_thread import task_milliseconds
from tests.browser.screen import Screen, query


def test_scrolling_shows_every_hit_once(screen: Screen, photos: Photos):
    returned: list[str] = []
    screen.page.on(
        "requestfinished",
        lambda request: (
            request.url.endswith("/v1/search")
            and returned.extend(hit["photo_id"] for hit in request.response().json()["result"]["hits"])
        ),
    )
    screen.open(query(collection=photos.collection, text="tree", fold="off")).settled()
    places: dict[str, str] = {}
    for _ in range(300):
        shown = screen.hits.evaluate_all("hits => hits.map((hit) => [hit.ariaPosInSet, hit.dataset.photo])")
        assert len(dict(shown)) == len(shown)
        for place, name in shown:
            assert places.setdefault(place, name) == name
        if screen.page.locator(".end").is_visible():
            break
        screen.page.mouse.wheel(0, 500)
        screen.page.wait_for_timeout(30)
    expect(screen.page.locator(".end")).to_have_text(f"That is all: {PHOTOS} photos.")
    assert len(set(places.values())) == len(places)
    assert len(returned) == len(set(returned)) == PHOTOS
    # Hits far above are not in the document any more.
    assert screen.hits.count() < 120


def test_500_hits_scroll_without_a_long_task(screen: Screen, photos: Photos, chromium: Browser):
    """The hits are made up, so that the time is that of the page alone."""
    made = [
        {
            "photo_id": f"made-{number}",
            "url": f"{photos.images.url}/{number % PHOTOS}.jpg",
            "distance": number / 1000,
            "similarities": [1 - number / 1000],
            "attributes": {"width": 100 + number % 7 * 20, "height": 120},
        }
        for number in range(500)
    ]

    def answer(route: Route, request: Request) -> None:
        body = request.post_data_json
        hits = made[body["offset"] : body["offset"] + body["top_k"]]
        result = {"hits": hits, "weights": [1], "searchable_photos": 500, "pending_photos": 0, "took_ms": {"search": 1}}
        route.fulfill(status=200, json={"id": "1", "status": "succeeded", "result": result})

    screen.page.route("**/v1/search", answer)
    screen.open(query(text="tree")).settled()
    with task_milliseconds(chromium, screen.page) as tasks:
        for _ in range(120):
            screen.page.mouse.wheel(0, 700)
            screen.page.wait_for_timeout(20)
            if screen.page.locator(".end").is_visible():
                break
        expect(screen.page.locator(".end")).to_have_text("That is all: 500 photos.")
    assert len(tasks) > 100
    # One task may contain a part of the engine's own housekeeping; a page that is slow has many.
    assert tasks[1] < 50, tasks[:10]


def test_the_grid_fills_its_rows(screen: Screen, photos: Photos):
    """Rows are as wide as the grid, of equal height, and nothing overlaps, at any width."""
    screen.open(query(collection=photos.collection, text="tree", fold="off")).settled()
    for width in (1280, 768, 390):
        screen.page.set_viewport_size({"width": width, "height": 900})
        screen.page.wait_for_timeout(200)
        grid = screen.page.locator(".grid").bounding_box()
        assert grid
        boxes = screen.page.locator(".hit-link").evaluate_all(
            "links => links.map((link) => link.getBoundingClientRect())"
            ".map(({x, y, width, height}) => [x, y, width, height])"
        )
        rows: dict[int, list[list[float]]] = {}
        for box in boxes:
            rows.setdefault(round(box[1]), []).append(box)
        for row in list(rows.values())[:3]:
            assert len({round(height) for *_, height in row}) == 1
            assert abs(row[0][0] - grid["x"]) < 2
            assert abs(row[-1][0] + row[-1][2] - grid["x"] - grid["width"]) < 2
            for one, other in itertools.pairwise(row):
                assert one[0] + one[2] < other[0]
