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
    assert api.calls("GET", "/v1/jobs")[0].query == {"kind": "delete", "status": "running", "limit": "21"}


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


def test_more_jobs_than_are_shown_are_mentioned_and_all_can_be_listed(api: FakeApi) -> None:
    jobs = [ingest_job(job_id=f"j{number}") for number in range(4)]
    api.on("GET", "/v1/jobs", Reply({"jobs": jobs[:3], "next_cursor": "c"}))

    few = lichtbild("jobs", "--limit", 2, api=api.url)
    api.on(
        "GET", "/v1/jobs", Reply({"jobs": jobs[:3], "next_cursor": "c"}), Reply({"jobs": jobs[3:], "next_cursor": None})
    )
    every = lichtbild("jobs", "--all", api=api.url)

    assert [line.split()[0] for line in few.stdout.splitlines()[1:]] == ["j0", "j1"]
    assert "--all" in few.stderr
    assert [line.split()[0] for line in every.stdout.splitlines()[1:]] == ["j0", "j1", "j2", "j3"]
    assert every.stderr == ""


def test_a_retry_with_a_code_that_no_item_has_names_those_of_the_job(api: FakeApi) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(failed=3)))
    api.on("POST", "/v1/jobs/j1/retry", Reply(ingest_job("queued", job_id="j2"), 202))

    wrong = lichtbild("jobs", "j1", "--retry", "--code", "nonsense", api=api.url)
    right = lichtbild("jobs", "j1", "--retry", "--code", "http_404", api=api.url)

    assert (wrong.returncode, right.returncode) == (2, 0)
    assert "No item of job j1 failed with 'nonsense'; its codes: http_404 (3)." in wrong.stderr
    assert [call.query for call in api.calls("POST", "/v1/jobs/j1/retry")] == [{"code": "http_404"}]
