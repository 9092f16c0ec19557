"""The command on several kinds of terminals, and its shell completion."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from lichtbild.profiles import Config, Profile, config_path, write_config
from tests.lichtbild.cli.running import command, environment
from tests.lichtbild.fake_api import FakeApi, Reply, hit, ingest_job, search_job

LICHTBILD = Path(sys.executable).with_name("lichtbild")


def on_terminal(kind: str, api: FakeApi, *arguments: str, **more: str) -> str:
    """The output of the command on a terminal of this kind, 80 columns wide."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=environment(api.url) | {"TERM": kind, "COLUMNS": "80"} | more,
    )
    os.close(theirs)
    output = b""
    try:
        while piece := os.read(mine, 4096):
            output += piece
    except OSError:
        pass  # Linux raises EIO once the other end is closed.
    os.close(mine)
    assert process.wait(60) == 0, output
    return output.decode()


@pytest.fixture
def ingesting(api: FakeApi) -> FakeApi:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=2), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job("running", stored=1, pending=1)), Reply(ingest_job()))
    return api


def test_a_dumb_terminal_gets_the_lines_of_a_pipe(ingesting: FakeApi) -> None:
    output = on_terminal("dumb", ingesting, "ingest", "-")

    assert "\x1b" not in output
    assert [line.split()[0] for line in output.splitlines()] == ["50%", "100%", "2"]


def test_a_real_terminal_gets_a_bar(ingesting: FakeApi) -> None:
    output = on_terminal("xterm-256color", ingesting, "ingest", "-")

    assert "\x1b[" in output
    assert "━" in output


def test_colours_can_be_switched_off(api: FakeApi) -> None:
    api.on("POST", "/v1/search", Reply(search_job(hit("a", description="a man"))))

    assert "\x1b[2m" in on_terminal("xterm", api, "search", "x")
    assert "\x1b" not in on_terminal("xterm", api, "search", "x", NO_COLOR="1")
    assert "\x1b" not in on_terminal("dumb", api, "search", "x")


def test_at_80_columns_ids_stay_on_one_line_and_the_last_column_is_cut(api: FakeApi) -> None:
    photo_id, job_id = "unsplash/0123456789-0123456789", "0123456789abcdef0123"
    found = hit(photo_id, description="a man in a yellow coat on the beach at night, with two dogs")
    api.on("POST", "/v1/search", Reply(search_job(found)))
    api.on("GET", "/v1/jobs", Reply({"jobs": [ingest_job(job_id=job_id, stored=1234, failed=5678)]}))

    for shown, wanted in (("search", photo_id), ("jobs", job_id)):
        lines = on_terminal("dumb", api, shown, *(["x"] if shown == "search" else [])).splitlines()
        assert all(len(line.rstrip()) <= 80 for line in lines[:2])
        assert wanted in lines[1]
        assert lines[1].rstrip().endswith("…") or shown == "jobs"
        assert len(lines) == 2 + (shown == "search")


def offers(*words: str, **more: str) -> list[str]:
    """What the completion offers bash for the last word: `TYPE,VALUE` each."""
    asked = {
        "_LICHTBILD_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("lichtbild", *words)),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [LICHTBILD], env=os.environ | asked | more, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.splitlines()


def completed(*words: str, **more: str) -> set[str]:
    return {offer.partition(",")[2] for offer in offers(*words, **more) if offer}


def test_subcommands_and_options_are_completed() -> None:
    assert completed("s") == {"search", "status"}
    assert completed("photos", "--r") == {"--random"}
    assert completed("jobs", "--kind", "") == {"ingest", "search", "delete", "index", "embed"}


@pytest.mark.parametrize("words", [("ingest", "ph"), ("search", "--image", "ph"), ("search", "--save", "ph")])
def test_file_names_are_completed_by_the_shell(words: tuple[str, ...]) -> None:
    assert offers(*words) == ["file,ph"]


def test_collections_and_jobs_are_completed_by_asking_the_api(api: FakeApi) -> None:
    index = {"type": None, "status": "none", "reason": None, "photos": 0}
    names = ("photos", "pets", "other")
    found = [{"name": name, "photos": 1, "model": "m", "dimension": 2, "index": index} for name in names]
    api.on("GET", "/v1/collections", Reply({"collections": found}))
    api.on("GET", "/v1/jobs", Reply({"jobs": [ingest_job(job_id="j1"), ingest_job(job_id="k2")], "next_cursor": None}))

    assert completed("search", "x", "--collection", "p", LICHTBILD_API=api.url) == {"photos", "pets"}
    assert completed("jobs", "--api", api.url, "j") == {"j1"}
    assert completed("search", "--api", api.url, "--after", "") == {"j1", "k2"}
    assert completed("jobs", "", LICHTBILD_API="http://127.0.0.1:1") == set()


def test_profiles_are_completed() -> None:
    write_config(config_path(), Config().with_profile("work", Profile("http://x")))

    assert completed("config", "use", "") == {"work"}
    assert completed("jobs", "--profile", "w") == {"work"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_each_shell_is_generated(shell: str) -> None:
    asked = os.environ | {"_LICHTBILD_COMPLETE": f"{shell}_source"}
    done = subprocess.run([LICHTBILD], env=asked, capture_output=True, text=True, check=True, timeout=60)
    assert f"{shell}_complete" in done.stdout
