"""Unsplash's dataset through the real stack: from the zip to hits, using the host's small renditions."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.stack import StackOptions, running_stack
from lichtbild import Client
from tests.image_server import ImageServer, serving
from tests.unsplash import SIZES, ResizingHost, damaged, row, table, write_zip

COUNT = 60
LIMIT = 50
EDGE = 32  # of the tiny model
GONE = frozenset(range(7, COUNT, 10))
BURST = 12


@pytest.fixture(scope="module")
def images() -> Iterator[ImageServer]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def api(images: ImageServer, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    host = images.url.removeprefix("http://")
    environment = {**os.environ, "LICHTBILD_FETCH_ALLOW": host, "LICHTBILD_RENDITIONS": host}
    data = tmp_path_factory.mktemp("stack")
    options = StackOptions(data=data, model=str(tiny_model), environment=environment, quiet=True, bundled_redis=True)
    with running_stack(options) as stack:
        yield stack.api_url


def lichtbild(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "lichtbild", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_from_the_zip_to_hits(api, images, tmp_path):
    host = images.default = ResizingHost(GONE, BURST)
    rows = [row(n, images.url) for n in range(COUNT)]
    parts = {"dataset/photos.tsv001": table(rows[40:]), "dataset/photos.tsv000": table(rows[:40])}
    archive = write_zip(tmp_path / "unsplash-research-dataset-lite-latest.zip", parts)

    done = lichtbild("ingest", str(archive), "--limit", str(LIMIT), "--api", api)

    missing = {n for n in GONE if n < LIMIT}
    assert done.returncode == 0, done.stderr
    assert f"{LIMIT - len(missing)} stored, {len(missing)} failed" in done.stdout
    assert f"{len(missing)}  http_404" in done.stdout
    assert sum(host.refused.values()) == BURST

    # Never the original: each request has a size that covers the model's input.
    stored = set(range(LIMIT)) - missing
    assert set(host.sizes) == stored
    assert all(path.endswith(f"?w={3 * EDGE}&h={3 * EDGE}&fit=max&fm=jpg&q=75") for path in images.asked)
    for n, (width, height) in host.sizes.items():
        assert min(width, height) >= EDGE
        assert width / height == pytest.approx(SIZES[n % 4][0] / SIZES[n % 4][1], rel=0.05)

    with Client(api) as client:
        (job,) = client.jobs()
        failed = {(item.photo_id, item.code, item.url) for item in client.iter_errors(job.id)}
        assert failed == {(rows[n]["photo_id"], "http_404", f"{images.url}/photo-{n}") for n in missing}
        for n in stored:
            photo = client.photo(rows[n]["photo_id"])
            filled = {name: value for name, value in rows[n].items() if value}
            assert (filled.pop("photo_id"), filled.pop("photo_image_url")) == (photo.photo_id, photo.url)
            assert photo.attributes == filled

        # A search by the photo's own URL requests the same rendition.
        nearest = client.search(image=f"{images.url}/photo-3", top_k=1).hits[0]
        assert (nearest.photo_id, nearest.distance) == (rows[3]["photo_id"], pytest.approx(0, abs=1e-5))


def test_a_damaged_zip_is_one_line_and_no_job(api, tmp_path):
    path = damaged(tmp_path / "lite.zip")

    done = lichtbild("ingest", str(path), "--collection", "damaged", "--api", api)

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert re.search(r"lite\.zip: .*photos\.tsv000", done.stderr)
    with Client(api) as client:
        assert "damaged" not in {job.collection for job in client.jobs()}


def test_a_zip_without_photos_is_a_usage_error(api, tmp_path):
    done = lichtbild("ingest", str(write_zip(tmp_path / "holiday.zip", {"beach.jpg": b"x"})), "--api", api)

    assert (done.returncode, done.stdout) == (2, "")
    assert "has no photos.tsv" in done.stderr
