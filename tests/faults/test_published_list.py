"""A list as it is published is ingested at one command: bad rows, escaped and unescaped URLs, no ids."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.faults.pictures import LOOPBACKS, picture
from tests.faults.sizes import SIZES
from tests.faults.transcript import Story
from tests.image_server import ImageServer
from tests.lichtbild.cli.running import lichtbild as command
from tests.stack import CHUNK, Lichtbild

BAD_ROWS = {3: "UNLIKELY", 8: "https://images.example.company by someone.jpg"}


def published(port: int, count: int) -> Iterator[str]:
    """The URLs of such a list, in the forms that lists have them; two of them are none."""
    for n in range(count):
        host = f"{LOOPBACKS[n // CHUNK % len(LOOPBACKS)]}:{port}"
        yield (
            BAD_ROWS.get(n)
            or (
                f"http://{host}/Photos/{n}.JPG",
                f"HTTP://{host}/a b/{n}.jpg",
                f"http://{host}/a%20b/{n}.jpg?sig=ab%2fc%3D",
                f"http://{host}/resize?n={n}&amp;w=300&amp;h=200",
                f"http://{host}/größe/{n}.jpg#top",
                f"  http://{host}/100%/{n}.jpg",
            )[n % 6]
        )


def answer(path: str) -> bytes | int:
    """Pictures by the number in the path; nothing for URLs that still have their entities."""
    if "&amp;" in path:
        return 404
    parts = urlsplit(path)
    number = re.search(r"n=(\d+)", parts.query) or re.search(r"/(\d+)\.jpg", unquote(parts.path), re.IGNORECASE)
    return picture(int(number[1])) if number else 404


def test_a_published_list_is_ingested_at_one_command_and_a_second_run_changes_nothing(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story, tmp_path: Path
) -> None:
    images.default = answer
    count = SIZES.published
    rows = [f'{url}\ta "caption" {n}' for n, url in enumerate(published(images.port, count))]
    path = tmp_path / "laion.tsv"
    path.write_text("\n".join(["URL\tTEXT", *rows, ""]), encoding="utf-8")

    refused = command("ingest", path, "--collection", collection, api=lichtbild.api)
    first = command("ingest", path, "--collection", collection, "--keep-going", "--json", api=lichtbild.api)
    asked = images.asked.total()
    second = command("ingest", path, "--collection", collection, "--keep-going", api=lichtbild.api)

    assert refused.returncode == 1
    assert "line 5" in refused.stderr, "the strict mode names the rows"
    assert "line 10" in refused.stderr
    jobs = lichtbild.ingests(collection)
    for each in jobs:
        story.ended(each)
    story.note(f"{asked:,} requests for {count:,} rows in the first run")
    assert first.returncode == 0, first.stderr
    assert second.returncode == 0, second.stderr
    again, before = (each["progress"] for each in jobs)
    outcomes = {"total": count, "failed": 2, "pending": 0}
    assert before | outcomes | {"stored": count - 2, "unchanged": 0} == before
    assert again | outcomes | {"stored": 0, "unchanged": count - 2} == again
    failed = {item["photo_id"]: (item["code"], item["detail"]) for item in lichtbild.errors(jobs[1]["id"])}
    assert {code for code, _ in failed.values()} == {"bad_url"}
    assert sorted(int(re.findall(r"\d+", detail)[0]) for _, detail in failed.values()) == [5, 10]
