"""The command as a whole: exit statuses, hints for wrong arguments, and `--api`."""

import json
import socket
from pathlib import Path

import pytest

from tests.lichtbild.cli.running import lichtbild
from tests.lichtbild.fake_api import FakeApi, Reply


def test_api_is_an_option_before_or_after_the_subcommand(api: FakeApi) -> None:
    api.on("GET", "/v1/jobs", Reply({"jobs": []}))
    elsewhere = "http://127.0.0.1:1"

    assert lichtbild("--api", api.url, "jobs").returncode == 0
    assert lichtbild("jobs", "--api", api.url, api=elsewhere).returncode == 0
    assert lichtbild("--api", elsewhere, "jobs", "--api", api.url).returncode == 0


@pytest.mark.parametrize(
    "arguments", [("status",), ("search", "x"), ("jobs",), ("photos", "a"), ("ingest", "-", "--detach")]
)
def test_without_an_api_it_exits_with_3_and_names_how_to_start_one(arguments: tuple[str, ...]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = lichtbild(*arguments, api=address)

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (3, "", 1)
    assert address in done.stderr
    assert "lichtbild up" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("photos", "nobody", "--json"), 1, "not_found"),
        (("photos", "--json"), 2, "usage"),
        (("photos", "a", "--json", "--api", "http://127.0.0.1:1"), 3, "unreachable"),
    ],
)
def test_with_json_an_error_is_json_too(api: FakeApi, arguments: tuple[str, ...], status: int, code: str) -> None:
    done = lichtbild(*arguments, api=api.url)

    assert (done.returncode, done.stdout) == (status, "")
    error = json.loads(done.stderr)["error"]
    assert error["code"] == code
    assert error["detail"]


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
        ("ingest", "README.md", "a.jpg"),
        ("ingest", "a.jpg", "no-such-file.jpg"),
        ("ingest",),
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
def test_wrong_arguments_exit_with_2_and_a_hint(api: FakeApi, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "README.md").touch()
    (tmp_path / "a.jpg").touch()

    done = lichtbild(*arguments, api=api.url, folder=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr
