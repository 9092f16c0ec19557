"""`lichtbild jobs`: lists, one job, its failures, actions."""

import json
import subprocess

from tests.lichtbild.cli.running import command, environment, lichtbild
from tests.lichtbild.fake_api import FakeApi, Reply, ingest_job


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
        "List the failures: lichtbild jobs j1 --errors",
    ]
    assert json.loads(cancelled.stdout)["status"] == "cancelled"
    assert api.calls("GET", "/v1/jobs")[0].query == {"kind": "delete", "status": "running", "limit": "20"}


def test_failed_items_are_listed_one_per_line(api: FakeApi) -> None:
    failed = {"photo_id": "b", "url": "http://x/b", "host": "x"}
    failed |= {"code": "http_404", "detail": "Not\tfound.", "attempts": 1}
    api.on("GET", "/v1/jobs/j1/errors", Reply({"items": [failed], "next_cursor": None}))

    assert lichtbild("jobs", "j1", "--errors", api=api.url).stdout == "b\thttp_404\thttp://x/b\tNot found.\n"
    assert json.loads(lichtbild("jobs", "j1", "--errors", "--json", api=api.url).stdout) == failed


def test_a_closed_pipe_ends_the_command_as_other_unix_commands(api: FakeApi) -> None:
    item = {"url": "http://x/b", "host": "x", "code": "http_404", "detail": "x" * 200, "attempts": 1}
    items = [{"photo_id": str(number), **item} for number in range(1000)]
    api.on("GET", "/v1/jobs/j1/errors", Reply({"items": items, "next_cursor": None}))
    process = subprocess.Popen(
        command("jobs", "j1", "--errors"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(api.url)
    )
    process.stdout.readline()
    process.stdout.close()

    assert (process.wait(30), process.stderr.read()) == (141, b"")
    process.stderr.close()
