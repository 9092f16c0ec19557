"""Uploads through the real parts: the command, the API, killed workers, hits with thumbnails."""

import io
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image

from lichtbild import Client, Conflict
from tests.pictures import encoded, photo, rotated, scribble
from tests.stack import CHUNK, Lichtbild, wait_for

ROOT = Path(__file__).parents[1]


@pytest.fixture
def data(shared_stack: Lichtbild) -> Path:
    return shared_stack.data


@pytest.fixture
def client(lichtbild: Lichtbild) -> Iterator[Client]:
    with Client(lichtbild.api) as connected:
        yield connected


def spooled(data: Path) -> list[Path]:
    return list((data / "uploads" / "spool").glob("*"))


def command(lichtbild: Lichtbild, *arguments: object) -> subprocess.CompletedProcess[str]:
    state = {"XDG_STATE_HOME": str(lichtbild.data / "state")}
    environment = {**os.environ, "LICHTBILD_API": lichtbild.api, "PYTHONPATH": str(ROOT), **state}
    run = [sys.executable, "-m", "lichtbild", *map(str, arguments)]
    return subprocess.run(run, capture_output=True, text=True, check=False, env=environment, timeout=120)


def test_a_folder_with_a_broken_picture_among_good_ones(lichtbild, client, data, tmp_path, collection):
    good = {f"good/{n}.jpg": photo(n, 640, 480) for n in range(2 * CHUNK)}
    good |= {"turned ü.jpg": rotated(6), "green.png": encoded(Image.new("RGBA", (600, 300), (0, 255, 0, 255)))}
    for name, content in {**good, "broken.jpg": b"no image", "empty.png": b"", "cut.jpg": photo(1)[:900]}.items():
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(content)

    done = command(lichtbild, "ingest", tmp_path / "photos", "--collection", collection)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert f"{len(good)} stored, 3 failed in " in done.stdout
    (job,) = [job for job in client.jobs() if job.collection == collection]
    failed = {item.photo_id: item.code for item in client.iter_errors(job.id)}
    assert failed == {"broken.jpg": "not_an_image", "empty.png": "not_an_image", "cut.jpg": "broken_image"}

    # Every good picture is found and has a thumbnail.
    hits = client.search("x", top_k=100, collection=collection).hits
    assert {hit.photo_id for hit in hits} == set(good)
    for hit in hits:
        answer = requests.get(hit.url, timeout=30)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
        small = Image.open(io.BytesIO(answer.content))
        # rotated(6) is 300 x 200 before its EXIF orientation is applied, and upright afterwards.
        assert small.size == {"turned ü.jpg": (200, 300), "green.png": (320, 160)}.get(hit.photo_id, (320, 240))
    assert client.search(image=good["good/3.jpg"], top_k=1, collection=collection).hits[0].photo_id == "good/3.jpg"
    wait_for(lambda: spooled(data) == [], "the spool to be empty")

    # The contact sheet shows it, and a search by it finds it.
    sheet = tmp_path / "hits.png"
    done = command(lichtbild, "search", "--photo", "green.png", "-k", 1, "--collection", collection, "--save", sheet)
    assert done.returncode == 0, done.stderr
    green = [count for count, colour in Image.open(sheet).getcolors(10**7) if colour[1] > 240 and max(colour[::2]) < 16]
    assert sum(green) > 2 * 20_000

    # The bytes of failed items are deleted: a retry is refused with what to do.
    with pytest.raises(Conflict, match="upload these images again"):
        client.retry(job.id)


def test_a_replaced_picture_shows_the_new_one(lichtbild, client, collection):
    urls = []
    for colour in ("#ff0000", "#0000ff"):
        (job,) = client.upload([("a", encoded(Image.new("RGB", (50, 50), colour)))], collection)
        client.wait(job.id)
        urls.append(client.photo("a", collection).url)
    red, _, blue = Image.open(io.BytesIO(requests.get(urls[1], timeout=30).content)).getpixel((25, 25))
    assert blue > 200 > red
    assert urls[0] != urls[1]


def test_workers_that_are_killed_lose_no_upload(lichtbild, client, data, tampering, collection):
    count = 6 * CHUNK
    pictures = [(f"p{n}", photo(n)) for n in range(count)]
    with tampering.images_unopened():
        (job,) = client.upload(pictures, collection)
        wait_for(lambda: lichtbild.held() == count // CHUNK, "all chunks to be claimed")
        for worker in lichtbild.workers():
            lichtbild.kill(worker)
    progress = client.wait(job.id, 120).progress
    assert (progress.stored, progress.failed) == (count, 0)
    hits = client.search("x", top_k=1000, collection=collection).hits
    assert {hit.photo_id for hit in hits} == {photo_id for photo_id, _ in pictures}
    assert {requests.get(hit.url, timeout=30).status_code for hit in hits} == {200}
    wait_for(lambda: spooled(data) == [], "the spool to be empty")


def test_an_upload_that_is_refused_on_its_way_is_told_so(lichtbild, client, data):
    """The API responds before it has read the whole body: the client must get the response, not a broken connection."""
    large = [("large", b"x" * (24 * 2**20)), *((f"p{n}", b"x" * 2**20) for n in range(7))]
    answer = requests.post(
        f"{lichtbild.api}/v1/ingest", files=[("images", (name, content)) for name, content in large], timeout=60
    )
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:lichtbild:too_large")
    assert "'large'" in answer.json()["detail"]
    assert spooled(data) == []


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(lichtbild, client, data):
    port = int(lichtbild.api.rpartition(":")[2])
    head = f"POST /v1/ingest HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    part = '--b\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n'
    for length in ("Content-Length: 900000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n20000\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall((head + length + part).encode() + b"x" * 100_000)
            wait_for(lambda: spooled(data) != [], "the upload to begin")
        wait_for(lambda: spooled(data) == [], "the API to notice")
    client.health()


def test_a_search_by_an_image_is_as_before(lichtbild, client, collection):
    (job,) = client.upload([("a", encoded(scribble(90, 70, 1))), ("b", encoded(scribble(90, 70, 2)))], collection)
    client.wait(job.id)
    found = client.search(image=encoded(scribble(90, 70, 2)), top_k=1, collection=collection)
    assert found.hits[0].photo_id == "b"
