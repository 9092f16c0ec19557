"""`lichtbild ingest` of a list, as a real process: progress, summary, exit status."""

import gzip
import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.lichtbild.cli.running import command, environment, lichtbild
from tests.lichtbild.fake_api import REPORT, TRIPPED, FakeApi, Reply, ingest_job, problem

TABLE = "photo_id\tphoto_image_url\na\thttp://x/a\nb\thttp://x/b\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "photos.tsv000"
    path.write_text(TABLE)
    return path


def test_ingest_prints_lines_in_a_pipe_and_a_summary(api: FakeApi, table: Path) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=2), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(stored=1, failed=1)))

    done = lichtbild("ingest", table, api=api.url)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "100%  2/2  1 stored, 1 failed  1/s",
        "1 stored, 1 failed in 2 s (1/s), 2.0 MB, limited by fetch",
        "       1  http_404",
        "       1  at x",
        "List them: lichtbild jobs j1 --errors",
        "Retry them: lichtbild jobs j1 --retry",
    ]
    assert api.calls("POST", "/v1/ingest")[0].body.decode() == TABLE


def test_of_many_hosts_the_ones_with_most_failures_are_shown(api: FakeApi, table: Path) -> None:
    hosts = {f"host-{n}": 10 - n for n in range(7)} | {"(other)": 5}
    job = ingest_job(stored=0, failed=54)
    job["progress"]["failed_by_host"] = hosts
    api.on("POST", "/v1/ingest", Reply(job, 202))
    api.on("GET", "/v1/jobs/j1", Reply(job))

    lines = lichtbild("ingest", table, api=api.url).stdout.splitlines()

    assert lines[3:9] == [f"{10 - n:8}  at host-{n}" for n in range(5)] + ["      14  at other hosts"]


@pytest.mark.parametrize("preflight", [(), ("--preflight", 3)], ids=["an ingest", "a preflight"])
def test_pictures_that_came_for_several_ids_are_named(api: FakeApi, table: Path, preflight: tuple) -> None:
    job = ingest_job(stored=310, **({"preflight_of": 25_000, "result": REPORT} if preflight else {}))
    groups = [(300, ["a", "b", "c"]), (3, ["d", "e", "f"]), (2, ["g", "h"]), (2, ["i", "j"])]
    shown = [{"photos": count, "photo_ids": ids} for count, ids in groups]
    job["progress"]["same_picture"] = {"photos": 303, "groups": shown}
    api.on("POST", "/v1/ingest", Reply(job, 202))
    api.on("GET", "/v1/jobs/j1", Reply(job))

    lines = lichtbild("ingest", table, *preflight, api=api.url).stdout.splitlines()

    assert lines[2:6] == [
        "303 with the picture of another photo of this job, such as a placeholder:",
        "     300  have one picture: a, b, c, …",
        "       3  have one picture: d, e, f",
        "       2  have one picture: g, h",
    ]


def test_a_preflight_prints_its_estimates(api: FakeApi, table: Path) -> None:
    ended = ingest_job(failed=1, preflight_of=25_000, result=REPORT)
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", pending=3, preflight_of=25_000), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ended))

    done = lichtbild("ingest", table, "--preflight", 3, api=api.url)
    as_json = lichtbild("ingest", table, "--preflight", 3, "--json", api=api.url)
    shown = lichtbild("jobs", "j1", api=api.url)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1:] == [
        "3 of 25000 tried: 66.7% would be stored",
        "       1  http_404",
        "       1  at x",
        "481 kB an image, about 8.0 GB in all",
        "about 3 h 20 min at this speed (1/s, limited by fetch)",
    ]
    assert api.calls("POST", "/v1/ingest")[0].query["preflight"] == "3"
    assert json.loads(as_json.stdout)["result"] == REPORT
    assert "success     66.7%\n" in shown.stdout


def test_a_job_that_pauses_itself_exits_with_1_and_names_the_next_commands(api: FakeApi, table: Path) -> None:
    tripped = ingest_job("paused", stored=60, failed=40, pending=900, error=TRIPPED)
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", pending=1000), 202))
    api.on("GET", "/v1/jobs/j1", Reply(tripped))

    done = lichtbild("ingest", table, "--max-failed-ratio", "0.1", api=api.url)
    as_json = lichtbild("ingest", table, "--max-failed-ratio", "0.1", "--json", api=api.url)
    shown = lichtbild("jobs", "j1", api=api.url)

    assert (done.returncode, as_json.returncode) == (1, 1)
    assert done.stdout.splitlines() == [
        " 10%  100/1000  60 stored, 40 failed, 900 pending  paused: too many failures",
        "60 stored, 40 failed, 900 pending (1/s), 2.0 MB, limited by fetch",
        "      40  http_404",
        "      40  at x",
        "List them: lichtbild jobs j1 --errors",
    ]
    assert done.stderr.splitlines() == [
        "lichtbild: More than 10% of the items failed (max_failed_ratio). (too_many_failures, job j1)",
        "Resume: lichtbild jobs j1 --resume",
        "Cancel: lichtbild jobs j1 --cancel",
    ]
    assert json.loads(as_json.stdout) == tripped
    assert "Resume: lichtbild jobs j1 --resume" in shown.stdout


def test_a_short_job_that_failed_too_much_exits_with_1_after_its_summary(api: FakeApi, table: Path) -> None:
    failed = ingest_job("failed", stored=1, failed=1, error=TRIPPED, finished_at="2026-01-02T03:04:08.000Z")
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=2), 202))
    api.on("GET", "/v1/jobs/j1", Reply(failed))

    done = lichtbild("ingest", table, "--max-failed-ratio", "0.1", api=api.url)
    as_json = lichtbild("ingest", table, "--max-failed-ratio", "0.1", "--json", api=api.url)

    assert (done.returncode, as_json.returncode) == (1, 1)
    assert "1 stored, 1 failed in 2 s (1/s), 2.0 MB, limited by fetch" in done.stdout.splitlines()
    assert "List them: lichtbild jobs j1 --errors" in done.stdout
    assert "too_many_failures" in done.stderr
    assert json.loads(as_json.stdout) == failed


def test_a_job_that_a_user_paused_is_followed_until_it_is_resumed(api: FakeApi, table: Path) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=2), 202))
    states = ingest_job("paused", stored=0, pending=2), ingest_job("running", stored=0, pending=2), ingest_job()
    api.on("GET", "/v1/jobs/j1", *map(Reply, states))

    done = lichtbild("ingest", table, api=api.url)

    assert done.returncode == 0
    assert done.stdout.splitlines()[:3] == [
        "  0%  0/2  2 pending  paused",
        "  0%  0/2  2 pending  1/s, limited by fetch",
        "100%  2/2  2 stored  1/s",
    ]


def test_ingest_detached_prints_the_id_and_exits(api: FakeApi) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))

    done = lichtbild("ingest", "-", "--limit", 1, "--detach", api=api.url, given=b'{"id":"a"}\n{"id":"b"}\n')

    assert (done.returncode, done.stdout, done.stderr) == (0, "j1\n", "")
    assert gzip.decompress(api.calls("POST", "/v1/ingest")[0].body) == b'{"id":"a"}\n'


def test_ingest_as_json_keeps_stdout_for_the_json(api: FakeApi, table: Path) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job()))

    done = lichtbild("ingest", table, "--json", api=api.url)

    assert json.loads(done.stdout) == ingest_job()


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        ("line 2 (item 0): url: is missing", problem(422, "invalid_request", "line 2 (item 0): url: is missing.")),
        ("unauthorized", problem(401, "unauthorized", "Send a key.")),
    ],
)
def test_a_refused_ingest_is_one_line(api: FakeApi, table: Path, code: str, reply: Reply) -> None:
    api.on("POST", "/v1/ingest", reply)

    done = lichtbild("ingest", table, api=api.url)

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert code in done.stderr


@pytest.mark.parametrize(("stored", "failed", "status"), [(0, 3, 1), (1, 2, 0), (0, 0, 0)])
def test_an_ingest_exits_with_1_if_every_item_failed(
    api: FakeApi, table: Path, stored: int, failed: int, status: int
) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(stored=stored, failed=failed)))

    assert lichtbild("ingest", table, api=api.url).returncode == status


@pytest.mark.parametrize(("ratio", "status"), [("0", 1), ("0.1", 1), ("0.25", 0)])
def test_an_ingest_exits_with_1_if_more_than_the_accepted_ratio_failed(
    api: FakeApi, table: Path, ratio: str, status: int
) -> None:
    """However few items there are: the API pauses long lists only."""
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(stored=3, failed=1)))

    done = lichtbild("ingest", table, "--max-failed-ratio", ratio, api=api.url)

    assert (done.returncode, "1 of 4 failed, more than" in done.stderr) == (status, bool(status))


def test_a_failed_job_exits_with_1_and_its_error(api: FakeApi, table: Path) -> None:
    error = {"code": "model_mismatch", "detail": "The collection holds another model's vectors."}
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job("failed") | {"error": error}))

    done = lichtbild("ingest", table, api=api.url)

    assert done.returncode == 1
    assert "another model's vectors. (model_mismatch, job j1)" in done.stderr


def test_ctrl_c_leaves_the_job_running_and_prints_how_to_cancel_it(api: FakeApi, table: Path) -> None:
    running = Reply(ingest_job("running", stored=1, pending=1))
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    api.on("GET", "/v1/jobs/j1", running)
    process = subprocess.Popen(
        command("ingest", table),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(api.url),
        # A shell starts background processes with SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    assert process.stdout.readline().startswith(" 50%  1/2")

    process.send_signal(signal.SIGINT)
    _, output = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Job j1 continues" in output
    assert "lichtbild jobs j1 --cancel" in output
    assert "Traceback" not in output
    assert api.calls("POST", "/v1/jobs/j1/cancel") == []


def test_all_bad_rows_of_a_refused_list_are_printed_with_what_to_type(api: FakeApi, table: Path) -> None:
    faults = [
        {"message": "is missing", "pointer": f"/{n}/url", "line": n + 2, "column": "url", "hint": "Do this."}
        for n in range(25)
    ]
    refusal = problem(422, "invalid_request", "line 2 (item 0): url: is missing.")
    refusal.body["faults"] = faults
    api.on("POST", "/v1/ingest", refusal)

    done = lichtbild("ingest", table, api=api.url)

    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert lines[0] == "lichtbild: line 2, url: is missing. Do this."
    assert lines[19] == "lichtbild: line 21, url: is missing. Do this."
    assert lines[20] == "lichtbild: … and 5 more faults"
    assert "--keep-going" in lines[21]
    assert lines[22].startswith("lichtbild: line 2 (item 0): url: is missing.")


def test_options_of_a_list_are_sent(api: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("caption;http://x/a\n")
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    options = (
        "--keep-going",
        "--columns",
        "text, url",
        "--id-column",
        "text",
        "--encoding",
        "cp1252",
        "--unescape-urls",
    )

    done = lichtbild("ingest", path, "--detach", "--limit", 5, *options, api=api.url)

    assert done.returncode == 0, done.stderr
    (request,) = api.calls("POST", "/v1/ingest")
    assert request.headers["Content-Type"] == "text/csv; charset=cp1252"
    assert request.query == {
        "collection": "photos",
        "on_bad_row": "fail_item",
        "columns": "text,url",
        "id_column": "text",
        "unescape_urls": "true",
        "limit": "5",
    }
