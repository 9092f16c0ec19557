"""`lichtbild ingest` of folders and images, as a real process against an API with prepared answers."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from lichtbild import ApiError, Client
from lichtbild import uploads as uploads_module
from tests.lichtbild.cli.running import command, environment, lichtbild
from tests.lichtbild.fake_api import FakeApi, Reply, ingest_job, problem


def done_badly(code: str, failed: int = 1, **more: object) -> dict:
    """Uploads come from no host."""
    job = ingest_job(stored=2, failed=failed, **more)
    job["progress"] |= {"failed_by_code": {code: failed}, "failed_by_host": {"(other)": failed}}
    return job


def sent(api: FakeApi) -> list[bytes]:
    return [seen.body for seen in api.calls("POST", "/v1/ingest")]


def test_a_folder_is_uploaded_with_a_summary(api: FakeApi, folder: Path) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=3), 202))
    api.on("GET", "/v1/jobs/j1", Reply(done_badly("not_an_image")))

    done = lichtbild("ingest", folder, "--collection", "mine", api=api.url)

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("100%  3/3  2 stored, 1 failed")
    assert lines[-3].startswith("2 stored, 1 failed in ")
    assert lines[-2:] == ["       1  not_an_image", "List them: lichtbild jobs j1 --errors"]
    (request,) = api.calls("POST", "/v1/ingest")
    name = request.query.pop("name")
    assert request.query == {"collection": "mine"}
    assert name.startswith(folder.name)
    assert b"filename*=utf-8''sub%2Fc.jpg\r\n\r\nsub/c.jpg\r\n" in request.body


def test_detached_it_prints_every_job_and_exits(api: FakeApi, folder: Path) -> None:
    for number in range(130):
        (folder / f"{number:03}.png").write_bytes(b"x")
    jobs = [Reply(ingest_job("queued", stored=0, pending=64, job_id=f"j{n}"), 202) for n in (1, 2, 3)]
    api.on("POST", "/v1/ingest", *jobs)
    for n in (1, 2, 3):
        api.on("GET", f"/v1/jobs/j{n}", Reply(ingest_job("running", pending=64, job_id=f"j{n}")))

    done = lichtbild("ingest", folder, "--detach", "--limit", 129, api=api.url)

    assert (done.returncode, done.stdout, done.stderr) == (0, "j1\nj2\nj3\n", "")
    assert [body.count(b"filename*=") for body in sent(api)] == [64, 64, 1]
    assert len({seen.headers["Idempotency-Key"] for seen in api.calls("POST", "/v1/ingest")}) == 3


def test_a_folder_is_not_sent_further_once_most_of_it_fails(api: FakeApi, folder: Path) -> None:
    for number in range(64 * 4):
        (folder / f"{number:03}.png").write_bytes(b"x")
    api.on("POST", "/v1/ingest", *(Reply(done_badly("broken_image", 62, job_id=f"j{n}"), 202) for n in range(5)))

    done = lichtbild("ingest", folder, "--max-failed-ratio", 0.5, api=api.url)

    assert (done.returncode, len(sent(api))) == (1, 2)
    assert "124 of the first 128 images failed, so no more are sent" in done.stderr
    assert "max_failed_ratio" not in api.calls("POST", "/v1/ingest")[0].query


def test_a_full_spool_is_waited_for_with_the_same_key(api: FakeApi, folder: Path) -> None:
    full = problem(429, "spool_full", "Too many wait.", Retry_After="0")
    away = problem(503, "unavailable", "Redis is away.", Retry_After="0")
    api.on("POST", "/v1/ingest", full, away, full, Reply(ingest_job("queued", stored=0, pending=3), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(stored=3)))

    done = lichtbild("ingest", folder, api=api.url)

    assert (done.returncode, done.stderr) == (0, "")
    calls = api.calls("POST", "/v1/ingest")
    assert len(calls) == 4
    assert len({seen.headers["Idempotency-Key"] for seen in calls}) == 1


def test_a_picture_that_is_too_large_is_named_and_its_neighbours_are_sent(api: FakeApi, folder: Path) -> None:
    too_large = problem(413, "too_large", "'a.jpg' is larger than 3 bytes.")
    accepted = [Reply(ingest_job("queued", stored=0, pending=2, job_id="j1"), 202)]
    # All three; then a.jpg alone, and the other two.
    api.on("POST", "/v1/ingest", too_large, too_large, *accepted)
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(stored=2)))

    done = lichtbild("ingest", folder, api=api.url)

    assert done.returncode == 1
    assert done.stderr == "lichtbild: a.jpg was not sent: 'a.jpg' is larger than 3 bytes.\n"
    assert "2 stored in " in done.stdout
    assert [body.count(b"filename*=") for body in sent(api)] == [3, 1, 2]


def test_names_that_cannot_be_ids_are_named_and_the_others_are_sent(api: FakeApi, folder: Path) -> None:
    (folder / "line\nbreak.jpg").write_bytes(b"x")
    (folder / ("long" * 60)).mkdir()
    (folder / ("long" * 60) / "too-long-together.jpg").write_bytes(b"x")
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=3), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(stored=3)))

    done = lichtbild("ingest", folder, "--json", api=api.url)

    assert done.returncode == 1
    assert json.loads(done.stdout) == ingest_job(stored=3)
    assert "lichtbild: line break.jpg was not sent: " in done.stderr
    assert "too-long-together.jpg was not sent: its path is longer than 256 bytes" in done.stderr
    assert sent(api)[0].count(b"filename*=") == 3


def test_a_job_that_fails_ends_it(api: FakeApi, folder: Path) -> None:
    error = {"code": "model_mismatch", "detail": "The collection holds another model's vectors."}
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=3), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job("failed") | {"error": error}))

    done = lichtbild("ingest", folder, api=api.url)

    assert done.returncode == 1
    assert "(model_mismatch, job j1)" in done.stderr


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (problem(501, "uploads_off", "Uploads are not taken here."), "uploads_off"),
        (problem(422, "invalid_request", "A collection name …"), "invalid_request"),
    ],
)
def test_a_permanent_refusal_ends_the_upload(api: FakeApi, folder: Path, reply: Reply, words: str) -> None:
    api.on("POST", "/v1/ingest", reply)

    done = lichtbild("ingest", folder, api=api.url)

    assert (done.returncode, len(done.stderr.splitlines()), len(sent(api))) == (1, 1, 1)
    assert words in done.stderr


def test_ctrl_c_leaves_accepted_jobs_running(api: FakeApi, folder: Path) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=3), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job("running", stored=1, pending=2)))
    process = subprocess.Popen(
        command("ingest", folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(api.url),
        # A shell starts background processes with SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    assert process.stdout.readline().startswith(" 33%  1/3")

    process.send_signal(signal.SIGINT)
    _, output = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "3 of 3 images were sent; unfinished jobs: 1." in output
    assert "Traceback" not in output
    assert api.calls("POST", "/v1/jobs/j1/cancel") == []


def test_a_folder_without_images_is_a_usage_error(api: FakeApi, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")

    done = lichtbild("ingest", tmp_path, api=api.url)

    assert done.returncode == 2
    assert "no images" in done.stderr


def test_images_named_one_by_one_are_uploaded_under_their_paths(api: FakeApi, folder: Path) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=2), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job()))

    done = lichtbild("ingest", "a.jpg", "sub/c.jpg", api=api.url, folder=folder)

    assert (done.returncode, done.stderr) == (0, "")
    (body,) = sent(api)
    assert b"filename*=utf-8''a.jpg\r\n\r\na.jpg\r\n" in body
    assert b"filename*=utf-8''sub%2Fc.jpg\r\n\r\nsub/c.jpg\r\n" in body
    assert body.count(b"filename*=") == 2


def test_the_client_uploads_paths_and_bytes(api: FakeApi, client: Client, folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(uploads_module, "WINDOW_COUNT", 2)
    monkeypatch.chdir(folder)
    jobs = [Reply(ingest_job("queued", job_id=job_id), 202) for job_id in ("j1", "j2")]
    api.on("POST", "/v1/ingest", *jobs)

    found = client.upload(["sub/c.jpg", ("bytes", b"some"), ("named", Path("a.jpg"))], "mine")

    assert [job.id for job in found] == ["j1", "j2"]
    bodies = b"".join(sent(api))
    for photo_id, content in ((b"sub%2Fc.jpg", b"sub/c.jpg"), (b"bytes", b"some"), (b"named", b"a.jpg")):
        assert b"filename*=utf-8''" + photo_id + b"\r\n\r\n" + content + b"\r\n--" in bodies


def test_the_client_raises_what_the_api_refuses(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/ingest", problem(413, "too_large", "Too large."))
    with pytest.raises(ApiError, match="too_large"):
        client.upload([("a", b"x")])


def test_the_url_of_an_uploaded_picture_is_completed_with_the_apis_address(api: FakeApi, client: Client) -> None:
    photo = {"photo_id": "a", "url": "/thumbnails/a?v=1", "attributes": {}, "model": "m"}
    api.on("GET", "/v1/photos/a", Reply(photo))
    assert client.photo("a").url == f"{api.url}/thumbnails/a?v=1"
