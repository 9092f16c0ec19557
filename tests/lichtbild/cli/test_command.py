"""The command as people run it: a real process, its exit status, its two outputs, in a pipe."""

import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.lichtbild.fake_api import FakeApi, Reply, hit, ingest_job, search_job

ROOT = Path(__file__).parents[2]
NO_INDEX = {"type": None, "status": "none", "reason": None, "rows": 0}
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("LICHTBILD_", "FORCE_"))}


def lichtbild(
    *arguments: object, api: str | None = None, given: bytes = b"", folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(*arguments), input=given, capture_output=True, check=False, cwd=folder, env=environment(api)
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "lichtbild", *map(str, arguments)]


def environment(api: str | None) -> dict[str, str]:
    return ENVIRONMENT | {"PYTHONPATH": str(ROOT)} | ({"LICHTBILD_API": api} if api else {})


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


def test_search_as_json_prints_the_result(api: FakeApi) -> None:
    api.on("POST", "/v1/search", Reply(search_job(hit("a"))))

    done = lichtbild("search", "--photo", "a/b", "--json", api=api.url)

    assert json.loads(done.stdout)["hits"] == [hit("a")]
    assert json.loads(api.calls("POST", "/v1/search")[0].body)["photo_id"] == "a/b"


def test_search_says_what_is_wanted_of_the_hits(api: FakeApi) -> None:
    similar = [{"photo_id": "c", "url": "/c", "distance": 0.26, "attributes": {}}]
    job = search_job(hit("a") | {"similar": similar})
    job["result"]["pending_rows"] = 7
    api.on("POST", "/v1/search", Reply(job))

    options = ("--offset", 20, "--max-distance", 0.9, "--group", 0.05, "--exact", "--after", "i1")
    done = lichtbild("search", "x", *options, "--filter", '{"width": {"gte": 2000}}', api=api.url)

    assert done.returncode == 0, done.stderr
    assert "  21    0.2500  a +1" in done.stdout
    assert "1 of 600 photos (7 still to come)" in done.stdout + done.stderr
    sent = json.loads(api.calls("POST", "/v1/search")[0].body)
    assert (sent["offset"], sent["max_distance"], sent["group_distance"]) == (20, 0.9, 0.05)
    assert (sent["exact"], sent["after_job"], sent["filter"]) == (True, "i1", {"width": {"gte": 2000}})


@pytest.mark.parametrize("condition", ["{", "[1]"])
def test_a_filter_that_is_no_object_is_refused_before_anything_is_asked(api: FakeApi, condition: str) -> None:
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


def test_a_search_that_fails_ends_with_1(api: FakeApi) -> None:
    error = {"code": "photo_not_found", "detail": "There is no photo 'x' in 'photos'."}
    api.on("POST", "/v1/search", Reply(search_job(status="failed", error=error)))

    done = lichtbild("search", "--photo", "x", api=api.url)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "lichtbild: There is no photo 'x' in 'photos'. (photo_not_found, job s1)\n"


def test_jobs_are_listed_shown_and_cancelled(api: FakeApi) -> None:
    api.on("GET", "/v1/jobs", Reply({"jobs": [ingest_job("running", stored=1, pending=3)]}))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(failed=1)))
    api.on("POST", "/v1/jobs/j1/cancel", Reply(ingest_job("cancelled")))

    listed = lichtbild("jobs", "--kind", "delete", "--status", "running", api=api.url)
    shown = lichtbild("jobs", "j1", api=api.url)
    cancelled = lichtbild("jobs", "j1", "--cancel", "--json", api=api.url)

    assert "j1  running" in listed.stdout
    assert "1 stored, 3 pending" in listed.stdout
    assert shown.stdout.splitlines()[6:] == [
        "items       3: 2 stored, 1 failed",
        "speed       1/s",
        "stages      fetch 0.5 s, decode 0.1 s, encode 0.2 s, write 0.0 s",
        "limited by  fetch",
        "failed      1 http_404",
        "at hosts    1 at x",
        "List what failed: lichtbild jobs j1 --errors",
    ]
    assert json.loads(cancelled.stdout)["status"] == "cancelled"
    assert api.calls("GET", "/v1/jobs")[0].query == {"kind": "delete", "status": "running", "limit": "20"}


def test_failed_items_are_listed_one_per_line(api: FakeApi) -> None:
    failed = {"id": "b", "url": "http://x/b", "host": "x"}
    failed |= {"code": "http_404", "detail": "Not\tfound.", "attempts": 1}
    api.on("GET", "/v1/jobs/j1/errors", Reply({"items": [failed], "next": None}))

    assert lichtbild("jobs", "j1", "--errors", api=api.url).stdout == "b\thttp_404\thttp://x/b\tNot found.\n"
    assert json.loads(lichtbild("jobs", "j1", "--errors", "--json", api=api.url).stdout) == failed


def test_a_reader_that_leaves_early_is_told_nothing(api: FakeApi) -> None:
    item = {"url": "http://x/b", "host": "x", "code": "http_404", "detail": "x" * 200, "attempts": 1}
    items = [{"id": str(number), **item} for number in range(1000)]
    api.on("GET", "/v1/jobs/j1/errors", Reply({"items": items, "next": None}))
    process = subprocess.Popen(
        command("jobs", "j1", "--errors"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(api.url)
    )
    process.stdout.readline()
    process.stdout.close()

    assert (process.wait(30), process.stderr.read()) == (1, b"")
    process.stderr.close()


@pytest.mark.parametrize(("ready", "status"), [(True, 0), (False, 1)])
def test_status_says_whether_jobs_can_be_done(api: FakeApi, ready: bool, status: int) -> None:
    checks = {"redis": True, "catalogue": True, "search_worker": ready, "ingest_worker": True}
    worker = {"name": "ingest-1", "queue": "ingest", "model": "m", "dimension": 512, "batch_size": 8}
    backlog = {"jobs": 2, "items": 1300, "held": 4, "searches": 1}
    answer = {"status": "…", "checks": checks, "workers": [worker], "backlog": backlog}
    api.on("GET", "/readyz", Reply(answer, 200 if ready else 503))
    photos = {"name": "photos", "rows": 600, "model": "m", "dimension": 512, "index": NO_INDEX}
    api.on("GET", "/v1/collections", Reply({"collections": [photos]}))

    said = lichtbild("status", api=api.url)
    as_json = lichtbild("status", "--json", api=api.url)

    assert (said.returncode, as_json.returncode) == (status, status)
    assert f"{api.url} is {'ready' if ready else 'not ready'}" in said.stdout
    assert "photos         600  m            512  none" in said.stdout
    assert json.loads(as_json.stdout)["checks"] == checks
    assert "waiting         ingest: 1300 items, search: 1" in said.stdout
    assert "ingest-1  ingest  m" in said.stdout
    document = json.loads(as_json.stdout)
    assert document["collections"][0]["rows"] == 600
    assert document["workers"] == [{"name": "ingest-1", "queue": "ingest", "model": "m"}]
    assert document["backlog"] == backlog


def test_an_index_is_built_dropped_and_shown(api: FakeApi) -> None:
    job = ingest_job("running", job_id="i1", kind="index", progress=None)
    photos = {"name": "mine", "rows": 25_000, "model": "m", "dimension": 512}
    built = {"type": "hnsw", "status": "built", "reason": None, "rows": 25_100}
    failed = {"type": "hnsw", "status": "error", "reason": "No memory", "rows": 0}
    api.on("POST", "/v1/collections/mine/index", Reply(job, 202))
    api.on("DELETE", "/v1/collections/mine/index", Reply(job, 202))
    api.on("GET", "/v1/jobs/i1", Reply({**job, "status": "succeeded"}))
    shown = [built, NO_INDEX, built, failed]
    api.on("GET", "/v1/collections/mine", *(Reply({**photos, "index": index}) for index in shown))

    done = [
        lichtbild("index", *words, "--collection", "mine", api=api.url)
        for words in (("build",), ("drop",), ("status", "--json"), ("status",), ("build", "--detach"))
    ]

    assert [run.returncode for run in done] == [0] * 5
    assert "(hnsw) is built" in done[0].stdout
    assert "covers 25,000 of 25,000 photos" in done[0].stdout
    assert "no index" in done[1].stdout
    assert json.loads(done[2].stdout) == built
    assert "not built: No memory" in done[3].stdout
    assert done[4].stdout == "i1\n"


def test_status_of_an_older_api_lacks_what_it_does_not_say(api: FakeApi) -> None:
    api.on("GET", "/readyz", Reply({"status": "ready", "checks": {"redis": True}}))

    done = lichtbild("status", api=api.url)

    assert (done.returncode, done.stderr) == (0, "")
    assert "waiting" not in done.stdout


PHOTO = {"photo_id": "a/b", "url": "http://x/a", "attributes": {"place": "Sylt\x1b[31m", "n": [1]}, "model": "m"}


def test_a_photo_is_shown_by_its_id(api: FakeApi) -> None:
    api.on("GET", "/v1/photos/a%2Fb", Reply(PHOTO))

    shown = lichtbild("photos", "a/b", "--collection", "mine", api=api.url)
    as_json = lichtbild("photos", "a/b", "--json", api=api.url)

    assert shown.stdout.splitlines() == [
        "photo_id  a/b",
        "url       http://x/a",
        "model     m",
        "place     Sylt [31m",
        "n         [1]",
    ]
    assert api.calls("GET", "/v1/photos/a%2Fb")[0].query == {"collection": "mine"}
    assert json.loads(as_json.stdout) == PHOTO


def test_a_photo_is_deleted(api: FakeApi) -> None:
    api.on("DELETE", "/v1/photos/a%2Fb", Reply(b"", 204))

    done = lichtbild("photos", "a/b", "--delete", "--collection", "mine", api=api.url)

    assert (done.returncode, done.stdout, done.stderr) == (0, "a/b is deleted.\n", "")
    assert [call.query for call in api.calls("DELETE", "/v1/photos/a%2Fb")] == [{"collection": "mine"}]


def test_any_photo_with_its_embedding(api: FakeApi) -> None:
    api.on("GET", "/v1/photos/random", Reply(PHOTO))
    api.on("GET", "/v1/photos/a%2Fb", Reply(PHOTO | {"embedding": [0.5, 0.25, 0.125, 0, 1]}))

    plain = lichtbild("photos", "--random", api=api.url)
    shown = lichtbild("photos", "--random", "--embedding", api=api.url)
    as_json = lichtbild("photos", "--random", "--embedding", "--json", api=api.url)

    assert "embedding" not in plain.stdout
    assert "embedding  0.5000, 0.2500, 0.1250, 0.0000, … (5 numbers)" in shown.stdout
    assert json.loads(as_json.stdout)["embedding"] == [0.5, 0.25, 0.125, 0, 1]


def test_a_photo_that_is_not_there_ends_with_1(api: FakeApi) -> None:
    done = lichtbild("photos", "nobody", api=api.url)

    assert (done.returncode, done.stdout) == (1, "")
    assert "not_found" in done.stderr


def test_the_api_is_taken_before_or_after_the_subcommand(api: FakeApi) -> None:
    api.on("GET", "/v1/jobs", Reply({"jobs": []}))
    elsewhere = "http://127.0.0.1:1"

    assert lichtbild("--api", api.url, "jobs").returncode == 0
    assert lichtbild("jobs", "--api", api.url, api=elsewhere).returncode == 0
    assert lichtbild("--api", elsewhere, "jobs", "--api", api.url).returncode == 0


@pytest.mark.parametrize(
    "arguments", [("status",), ("search", "x"), ("jobs",), ("photos", "a"), ("ingest", "-", "--detach")]
)
def test_no_api_ends_with_3_and_says_how_to_start_one(arguments: tuple[str, ...]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = lichtbild(*arguments, api=address)

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (3, "", 1)
    assert address in done.stderr
    assert "lichtbild up" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("search",),
        ("search", "x", "-k", "0"),
        ("search", "--image", "no-such-file.jpg"),
        ("search", "x", "--save", "hits.txt"),
        ("search", "x", "--save", "no/such/folder/hits.png"),
        ("ingest", "no-such-file.tsv"),
        ("ingest", "README.md"),
        ("ingest", "-", "--limit", "0"),
        ("ingest", ".", "--preflight", "3"),
        ("ingest", "-", "--preflight", "3", "--max-failed-ratio", "0.1"),
        ("ingest", "-", "--max-failed-ratio", "1"),
        ("jobs", "--errors"),
        ("jobs", "--status", "hungry"),
        ("jobs", "j1", "--status", "paused"),
        ("photos", "--random", "--delete"),
        ("jobs", "j1", "--errors", "--cancel"),
        ("photos",),
        ("photos", "a", "--random"),
        ("status", "--api", "nonsense"),
        ("no-such-command",),
    ],
)
def test_wrong_use_ends_with_2_and_a_hint(api: FakeApi, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "README.md").touch()

    done = lichtbild(*arguments, api=api.url, folder=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr
