"""A list with every fault of an image URL: each item fails alone, with its code, and is retried alone."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.hostile_list import Entry, closed_port, hostile_list, serve
from tests.faults.pictures import picture
from tests.faults.sizes import SIZES
from tests.faults.table import Table
from tests.faults.transcript import Story
from tests.image_server import ImageServer
from tests.stack import SETTINGS, Lichtbild, running

# Two waits for the default timeout at a trickling host would take most of this test's time.
IMPATIENT = {**SETTINGS, "FETCH_TIMEOUT_SECONDS": "2", "FETCH_ATTEMPTS": "2"}


@pytest.fixture
def lichtbild(tmp_path: Path, tiny_model: Path) -> Iterator[Lichtbild]:
    with running(tmp_path, tiny_model, IMPATIENT, workers=1, search_workers=0) as stack:
        yield stack


def codes(lichtbild: Lichtbild, job_id: str) -> dict[str, str]:
    """The failed items of all pages, by id."""
    found: dict[str, str] = {}
    page = {"items": [], "next_cursor": "0-0"}
    while page["next_cursor"]:
        page = lichtbild.get(f"/v1/jobs/{job_id}/errors?cursor={page['next_cursor']}")
        found |= {item["photo_id"]: item["code"] for item in page["items"]}
    return found


def ids(entries: list[Entry], *wanted: str) -> set[str]:
    return {f"p/{n}" for n, entry in enumerate(entries) if entry.code in wanted}


def test_each_bad_image_fails_alone_with_its_code_and_a_retry_touches_the_failed_only(
    lichtbild: Lichtbild, images: ImageServer, tiny_model: Path, collection: str, story: Story
) -> None:
    with closed_port() as port:
        entries = hostile_list(SIZES.hostile, port)
        given = serve(images, entries)
        urls = {item["id"]: item["url"] for item in given}
        pictures = {given[n]["url"]: entry.answer for n, entry in enumerate(entries) if isinstance(entry.answer, bytes)}

        def image_at(url: str) -> bytes:
            return pictures.get(url) or picture(int(url.rpartition("/")[2].removesuffix(".jpg")))

        # Each failed item has the right code, and all others are stored.
        job = lichtbild.finished(lichtbild.ingest(given, collection), SIZES.deadline)
        story.ended(job)
        expected = {f"p/{n}": entry.code for n, entry in enumerate(entries) if entry.code}
        assert codes(lichtbild, job["id"]) == expected
        story.note(", ".join(f"{count} {code}" for code, count in sorted(Counter(expected.values()).items())))
        stored = {photo_id: url for photo_id, url in urls.items() if photo_id not in expected}
        assert (job["status"], job["progress"]["stored"]) == ("succeeded", len(stored))
        table = Table(lichtbild, tiny_model)
        table.check(collection, stored, image_at)

        # A retry of one code requests only the items with that code.
        images.asked.clear()
        retried = lichtbild.finished(lichtbild.post(f"/v1/jobs/{job['id']}/retry?code=http_410").json()["id"])
        assert codes(lichtbild, retried["id"]).keys() == ids(entries, "http_410")
        assert set(images.asked) == {entries[int(photo_id[2:])].path for photo_id in ids(entries, "http_410")}

        # The server is repaired: a retry of all failed items stores its images and requests no other.
        unreachable = ids(entries, "connection_failed", "dns_failed")
        images.asked.clear()
        images.answers.clear()
        images.default = lambda path: picture(int(path.strip("/").removesuffix(".jpg")))
        pictures.clear()
        mended = lichtbild.finished(lichtbild.post(f"/v1/jobs/{job['id']}/retry").json()["id"])
        story.ended(mended)
        assert set(images.asked) == {entries[int(photo_id[2:])].path for photo_id in expected.keys() - unreachable}
        assert codes(lichtbild, mended["id"]) == {photo_id: expected[photo_id] for photo_id in unreachable}
        assert mended["progress"]["total"] == len(expected)
        assert lichtbild.catalogue.count(collection) == len(entries) - len(unreachable)
        again = {photo_id: urls[photo_id] for photo_id in expected.keys() - unreachable}
        table.check_vectors(collection, again, image_at)
        for photo_id in again:
            photo = lichtbild.catalogue.get(collection, photo_id)
            assert photo is not None
            assert (photo.url, photo.attributes) == (urls[photo_id], {"n": int(photo_id[2:])})
