"""Adding photos on the page, and watching and mending their jobs."""

import gzip
import re
from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.browser.axe import faults
from tests.browser.conftest import HOSTILE, Photos, watched
from tests.browser.screen import Screen, picture_file
from tests.gate import Gate
from tests.image_server import ImageServer
from tests.stack import Lichtbild


def choose(screen: Screen, collection: str) -> None:
    screen.page.get_by_label("Into collection").fill(collection)


def file_of(name: str, text: str) -> dict[str, str]:
    return {**picture_file(text.encode(), name), "type": "text/csv"}


def test_a_list_is_tried_ingested_watched_and_mended(screen: Screen, photos: Photos, lichtbild: Lichtbild):
    """A list whose columns have names of their own, with 12 pictures, 3 of which are missing at first."""
    url = photos.images.url
    rows = [f'{number},"{url}/list-{number}.jpg",Sylt' for number in range(12)]
    for number in range(12):
        photos.images.answers[f"/list-{number}.jpg"] = 404 if number < 3 else photos.picture(number)
    screen.open("add")
    screen.drop(file_of("holiday.csv", "\n".join(["key,picture,place", *rows])))
    choose(screen, "listed")
    expect(screen.page.get_by_label("Column with the id")).to_have_value("0")
    expect(screen.page.get_by_label("Column with the address")).to_have_value("1")
    expect(screen.page.locator("tbody tr")).to_have_count(5)

    screen.button("Try 100 first").click()
    expect(screen.page.get_by_role("heading", name="What the sample predicts")).to_be_visible()
    expect(screen.page.locator(".figure.is-large b").last).to_have_text("75%")
    assert "listed" not in [one["name"] for one in lichtbild.get("/v1/collections")["collections"]]

    screen.page.go_back()
    choose(screen, "listed")
    screen.button("Start").click()
    expect(screen.page.locator(".page-head .pill")).to_have_text("done, some failed")
    expect(screen.page.locator(".legend .is-stored")).to_have_text("9 stored")
    expect(screen.page.locator(".cause-name", has_text="http_404")).to_contain_text("the server answered 404")
    expect(screen.page.locator(".table tbody tr")).to_have_count(3)

    for number in range(3):
        photos.images.answers[f"/list-{number}.jpg"] = photos.picture(number)
    first = screen.page.url
    screen.button("Retry the 3 items that failed with http_404").click()
    expect(screen.page.locator(".page-head .pill")).to_have_text("done")
    assert screen.page.url != first
    expect(screen.page.locator(".legend .is-stored")).to_have_text("3 stored")
    assert lichtbild.get("/v1/photos/1?collection=listed")["attributes"]["place"] == "Sylt"
    screen.page.get_by_role("link", name="All jobs").click()
    expect(screen.page.locator(".job").first).to_contain_text("3 of 3")


def test_pasted_addresses_become_photos(screen: Screen, photos: Photos, lichtbild: Lichtbild):
    screen.open("add")
    addresses = [f"{photos.images.url}/{number}.jpg" for number in range(100, 103)]
    screen.page.get_by_label("Or paste a list").fill("\n".join(addresses))
    screen.button("Look at it").click()
    choose(screen, "pasted")
    screen.button("Start").click()
    expect(screen.page.locator(".legend .is-stored")).to_have_text("3 stored")
    screen.page.get_by_role("link", name="Search them").click()
    screen.searched(lambda: screen.box.fill("tree"))
    assert set(screen.ids()) == set(addresses)


def test_a_list_without_what_it_needs_is_explained(screen: Screen):
    screen.open("add")
    for name, text, problem in (
        ("a.csv", "one\ntwo\n", "No column of addresses"),
        ("b.ndjson", '{"name": 1}\n', "needs url"),
        ("c.csv", "", "is empty"),
        ("d.parquet", "PAR1", "lichtbild ingest d.parquet"),
    ):
        screen.drop(file_of(name, text))
        expect(screen.page.get_by_role("alert")).to_contain_text(problem)


def test_bad_rows_are_named_and_the_others_ingested(screen: Screen, photos: Photos):
    screen.open("add")
    screen.drop(file_of("twice.csv", f"photo_id,url\n1,{photos.images.url}/1.jpg\n1,{photos.images.url}/2.jpg\n"))
    choose(screen, "others")
    screen.button("Start").click()
    expect(screen.page.get_by_role("alert")).to_contain_text("line 3")
    expect(screen.page.locator(".bad-rows li")).to_contain_text("line 3:")
    screen.button("Ingest the other rows").click()
    expect(screen.page.locator(".legend .is-stored")).to_have_text("1 stored")
    expect(screen.page.locator(".cause-name").first).to_contain_text("duplicate_id")


def test_the_api_reads_the_list_as_the_page_shows_it(screen: Screen, photos: Photos, lichtbild: Lichtbild):
    """Columns by choice, semicolons, no header row, gzip: what is stored is what the preview showed."""
    url = photos.images.url
    lists = {
        "semicolons.csv": f"Name;Bild;Ort\na;{url}/140.jpg;Köln, Dom\n".encode(),
        "packed.tsv.gz": gzip.compress(f"photo_id\turl\tOrt\nb\t{url}/141.jpg\tKöln, Dom\n".encode()),
        "excel.csv": f"sep=;\r\nName;Bild;Ort\r\nc;{url}/142.jpg;Köln, Dom\r\n".encode("utf-16"),
    }
    for name, content in lists.items():
        screen.open("add")
        screen.drop({**picture_file(content, name), "type": "text/csv"})
        choose(screen, "shown")
        expect(screen.page.locator("tbody td").last).to_have_text("Köln, Dom")
        screen.button("Start").click()
        expect(screen.page.locator(".legend .is-stored")).to_have_text("1 stored")
    for photo in "abc":
        assert lichtbild.get(f"/v1/photos/{photo}?collection=shown")["attributes"] == {"Ort": "Köln, Dom"}

    screen.open("add")
    screen.drop(file_of("bare.csv", f"d,{url}/143.jpg\n"))
    choose(screen, "shown")
    screen.page.get_by_label("Column with the id").select_option("0")
    screen.button("Start").click()
    expect(screen.page.locator(".legend .is-stored")).to_have_text("1 stored")
    assert lichtbild.get("/v1/photos/d?collection=shown")["attributes"] == {}


def test_a_table_without_ids_may_have_long_addresses(screen: Screen, photos: Photos):
    """An id is an address of at most 256 bytes; the API makes the id of a longer one."""
    path = f"/{'long-' * 60}.jpg"
    photos.images.answers[path] = photos.picture(144)
    screen.open("add")
    screen.drop(file_of("long.csv", f"url,place\n{photos.images.url}{path},Sylt\n"))
    choose(screen, "long")
    screen.button("Start").click()
    expect(screen.page.locator(".legend .is-stored")).to_have_text("1 stored")


def test_a_folder_is_uploaded_with_its_paths_as_ids(
    screen: Screen, photos: Photos, lichtbild: Lichtbild, tmp_path: Path
):
    folder = tmp_path / "holiday"
    (folder / "north").mkdir(parents=True)
    for number in range(3):
        (folder / "north" / f"{number} <b>.jpg").write_bytes(photos.picture(110 + number))
    (folder / "notes.txt").write_text("not a picture")
    screen.open("add")
    screen.page.locator("input[data-way=folder]").set_input_files(folder)
    expect(screen.page.get_by_text("1 other file is left out.")).to_be_visible()
    choose(screen, "folder")
    # The line breaks once; the window is sent again under its key, and makes one job.
    broken: list[str] = []

    def break_once(route) -> None:
        if broken:
            route.continue_()
        else:
            broken.append(route.request.headers["idempotency-key"])
            route.abort()

    screen.page.route("**/v1/ingest?**", break_once)
    screen.button("Upload 3 pictures").click()
    expect(screen.page.locator(".legend .is-stored")).to_have_text("3 stored")
    assert broken
    assert lichtbild.get("/v1/photos/holiday%2Fnorth%2F1%20%3Cb%3E.jpg?collection=folder")
    named = lichtbild.get("/v1/jobs?name=holiday")["jobs"]
    assert [job["progress"]["total"] for job in named if job["collection"] == "folder"] == [3]


def test_dropped_pictures_are_uploaded(screen: Screen, photos: Photos, lichtbild: Lichtbild):
    screen.open("add")
    screen.drop(picture_file(photos.picture(120), "one.jpg"), picture_file(b"no picture", "two.jpg"))
    choose(screen, "dropped")
    screen.button("Upload 2 pictures").click()
    expect(screen.page.locator(".legend .is-failed")).to_have_text("1 failed")
    screen.page.get_by_text("Some failed; see").get_by_role("link").click()
    expect(screen.page.locator(".cause-name")).to_contain_text(["not_an_image"])


def test_a_job_is_paused_resumed_and_cancelled(
    screen: Screen, context: BrowserContext, lichtbild: Lichtbild, photos: Photos, image_server: ImageServer
):
    """Its pictures do not arrive before the test lets them; a second tab shows the same."""
    gate = Gate(image_server, lambda _: photos.picture(130))
    items = [{"photo_id": str(number), "url": f"{image_server.url}/{number}.jpg"} for number in range(40)]
    job_id = lichtbild.ingest(items, "slow")
    screen.open(f"jobs/{job_id}")
    pill = screen.page.locator(".page-head .pill")
    expect(pill).to_have_text("running")
    screen.button("Pause").click()
    expect(pill).to_have_text("paused")
    assert lichtbild.look(job_id)["status"] == "paused"
    with watched(context.new_page()) as page:
        other = Screen(page, screen.api).open(f"jobs/{job_id}")
        other.button("Resume").click()
        expect(page.locator(".page-head .pill")).to_have_text("running")
    screen.open(f"jobs/{job_id}")
    expect(pill).to_have_text("running")
    screen.button("Cancel").click()
    expect(pill).to_have_text("cancelled")
    gate.open()


def test_hostile_texts_in_jobs_are_shown_as_they_are(screen: Screen, photos: Photos, lichtbild: Lichtbild):
    items = [
        {"photo_id": f"{text} {number}", "url": f"{photos.images.url}/{re.sub('[^a-z]', '', text)}<b>x</b>.jpg"}
        for number, text in enumerate(HOSTILE)
    ]
    answer = lichtbild.post("/v1/ingest", params={"collection": "hostile", "name": HOSTILE[0]}, json={"items": items})
    lichtbild.finished(answer.json()["id"])
    screen.open(f"jobs/{answer.json()['id']}")
    expect(screen.page.get_by_role("heading", level=1)).to_have_text(HOSTILE[0])
    expect(screen.page.locator(".table tbody tr")).to_have_count(len(HOSTILE))
    assert screen.page.locator("main script, td b, h1 img").count() == 0
    screen.open("jobs")
    expect(screen.page.locator(".job b").first).to_have_text(HOSTILE[0])
    assert screen.page.title() == "Jobs · Lichtbild"


def test_the_status_shows_what_runs_and_builds_an_index(screen: Screen, photos: Photos):
    screen.open("status")
    expect(screen.page.locator(".page-head .pill")).to_have_text("ready")
    expect(screen.page.locator(".checks .is-ok")).to_have_count(4)
    card = screen.page.locator(".card", has=screen.page.get_by_role("heading", name=photos.collection, exact=True))
    expect(card.locator(".card-count")).to_have_text("230 photos")
    card.get_by_role("button", name="Build an index").click()
    expect(screen.page.locator(".page-head .pill")).to_have_text("done")
    screen.open("status")
    expect(card).to_contain_text("built")
    card.get_by_role("button", name="Drop the index").click()
    card.get_by_role("button", name="Drop the index").click()
    expect(screen.page.locator(".page-head .pill")).to_have_text("done")


def test_a_job_that_is_gone_is_explained(screen: Screen):
    screen.open("jobs/nothing")
    expect(screen.page.get_by_role("heading", name="There is no such job")).to_be_visible()


def test_a_collection_is_deleted_once_its_name_is_typed(screen: Screen, photos: Photos, lichtbild: Lichtbild):
    url = f"{photos.images.url}/1.jpg"
    lichtbild.finished(lichtbild.ingest([{"photo_id": "1", "url": url}], "to_delete"))
    screen.open("status")
    card = screen.page.locator(".card", has=screen.page.get_by_role("heading", name="to_delete", exact=True))
    expect(card).to_contain_text("1 photo")
    card.get_by_role("button", name="Delete to_delete").click()
    sure = card.get_by_role("button", name="Delete the collection")
    expect(sure).to_be_disabled()
    screen.page.keyboard.type("to_delet")
    expect(sure).to_be_disabled()
    assert faults(screen) == []
    screen.page.keyboard.type("e")
    sure.click()
    expect(screen.page.locator(".page-head .pill")).to_have_text("done")
    screen.open("status")
    expect(screen.page.locator(".card").first).to_be_visible()
    expect(card).to_have_count(0)
    expect(screen.page.get_by_role("columnheader", name="Memory")).to_be_visible()
    expect(screen.page.locator("td", has_text="MB").first).to_be_visible()
