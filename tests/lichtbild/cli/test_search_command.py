"""`lichtbild search`: table, JSON, contact sheet, errors."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from tests.lichtbild.cli.running import lichtbild
from tests.lichtbild.fake_api import FakeApi, Reply, hit, search_job


def test_search_prints_a_table(api: FakeApi) -> None:
    api.on("POST", "/v1/search", Reply(search_job(hit("a", 0.25, description="a man\x1b[31m"), hit("bb", 0.5))))

    done = lichtbild("search", "a man", "-k", 2, api=api.url)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "rank  distance  photo_id  terms  description",
        "   1    0.2500  a         0.750  a man [31m",
        "   2    0.5000  bb        0.750",
        "2 of 600 photos in 6.5 ms (queue 1.0, encode 2.0, search 3.5) by a/model",
    ]


def test_columns_are_chosen_among_the_hits_fields_and_attributes(api: FakeApi) -> None:
    found = hit("a", 0.25, url="http://x/a.jpg", width=800, tags=["ü"]), hit("b", 0.5, url="http://x/b.jpg")
    api.on("POST", "/v1/search", Reply(search_job(*found)))

    done = lichtbild("search", "x", "--columns", "photo_id, width,tags,url", api=api.url)
    none = lichtbild("search", "x", "--columns", ",", api=api.url)

    assert [line.split() for line in done.stdout.splitlines()[:3]] == [
        ["photo_id", "width", "tags", "url"],
        ["a", "800", '["ü"]', "http://x/a.jpg"],
        ["b", "http://x/b.jpg"],
    ]
    assert none.returncode == 2


def test_a_search_that_waits_too_long_names_the_job_it_waits_for(api: FakeApi) -> None:
    api.on("POST", "/v1/search", Reply(search_job(status="queued"), 202))
    api.on("GET", "/v1/jobs/s1", Reply(search_job(status="queued")))

    done = lichtbild("search", "x", "--after", "i1", "--timeout", 0.1, api=api.url)

    assert done.returncode == 1
    assert "since it waits for job i1" in done.stderr


def test_search_as_json_prints_the_result(api: FakeApi) -> None:
    api.on("POST", "/v1/search", Reply(search_job(hit("a"))))

    done = lichtbild("search", "--photo", "a/b", "--json", api=api.url)

    assert json.loads(done.stdout)["hits"] == [hit("a")]
    assert json.loads(api.calls("POST", "/v1/search")[0].body)["photo_id"] == "a/b"


def test_search_sends_its_options(api: FakeApi) -> None:
    similar = [{"photo_id": "c", "url": "/c", "distance": 0.26, "attributes": {}}]
    job = search_job(hit("a") | {"similar": similar})
    job["result"]["pending_photos"] = 7
    api.on("POST", "/v1/search", Reply(job))

    options = ("--offset", 20, "--max-distance", 0.9, "--group", 0.05, "--exact", "--after", "i1")
    done = lichtbild("search", "x", *options, "--filter", '{"width": {"gte": 2000}}', api=api.url)

    assert done.returncode == 0, done.stderr
    assert "  21    0.2500  a +1" in done.stdout
    assert "1 of 600 photos (7 pending)" in done.stdout + done.stderr
    sent = json.loads(api.calls("POST", "/v1/search")[0].body)
    assert (sent["offset"], sent["max_distance"], sent["group_distance"]) == (20, 0.9, 0.05)
    assert (sent["exact"], sent["after_job"], sent["filter"]) == (True, "i1", {"width": {"gte": 2000}})


@pytest.mark.parametrize("condition", ["{", "[1]"])
def test_a_filter_that_is_not_an_object_is_refused_before_anything_is_sent(api: FakeApi, condition: str) -> None:
    done = lichtbild("search", "x", "--filter", condition, api=api.url)
    assert done.returncode == 2
    assert "--filter" in done.stderr
    assert api.calls("POST", "/v1/search") == []


def test_search_saves_a_contact_sheet(api: FakeApi, tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("RGB", (64, 64), "#00ff00").save(content, "PNG")
    query = tmp_path / "query.png"
    query.write_bytes(content.getvalue())
    api.on("GET", "/a.png", Reply(content.getvalue(), content_type="image/png"))
    hits = hit("a", url=f"{api.url}/a.png"), hit("gone", url=f"{api.url}/gone.png")
    api.on("POST", "/v1/search", Reply(search_job(*hits)))

    done = lichtbild("search", "a man", "--image", query, "--save", tmp_path / "hits.png", api=api.url)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == f"Contact sheet: {tmp_path / 'hits.png'}"
    with Image.open(tmp_path / "hits.png") as sheet:
        assert (0, 255, 0) in {colour for _, colour in sheet.getcolors(10**7)}


def test_a_failed_search_exits_with_1(api: FakeApi) -> None:
    error = {"code": "photo_not_found", "detail": "There is no photo 'x' in 'photos'."}
    api.on("POST", "/v1/search", Reply(search_job(status="failed", error=error)))

    done = lichtbild("search", "--photo", "x", api=api.url)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "lichtbild: There is no photo 'x' in 'photos'. (photo_not_found, job s1)\n"
