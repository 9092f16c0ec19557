"""`lichtbild config`, as a real process, and the choice of a profile by the other commands."""

import json
from pathlib import Path

import pytest

from tests.lichtbild.cli import running
from tests.lichtbild.cli.running import lichtbild
from tests.lichtbild.fake_api import FakeApi, Reply, running_fake_api

KEY = "0123456789abcdefwxyz"


@pytest.fixture(autouse=True)
def _own_config(config_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(running.ENVIRONMENT, "XDG_CONFIG_HOME", str(config_home))


def test_profiles_are_set_listed_used_and_deleted(config_home: Path) -> None:
    added = lichtbild(
        "config", "set", "work", "--api", "https://work.example/", "--key", "-", given=f"{KEY}\n".encode()
    )
    lichtbild("config", "set", "home", "--api", "http://home.example", "--key", "short")
    used = lichtbild("config", "use", "home")
    listed = lichtbild("config", "list")
    as_json = json.loads(lichtbild("config", "list", "--json").stdout)
    deleted = lichtbild("config", "delete", "home")

    assert (added.returncode, added.stdout) == (0, "work: https://work.example, ****wxyz\n")
    assert used.stdout == "home: http://home.example\n"
    assert [line.split() for line in listed.stdout.splitlines()[1:]] == [
        ["*", "home", "http://home.example", "****"],
        ["work", "https://work.example", "****wxyz"],
    ]
    assert (as_json["current"], as_json["profiles"]["home"]["key"]) == ("home", "****")
    assert deleted.returncode == 0
    file = config_home / "lichtbild" / "config.toml"
    assert KEY in file.read_text()
    assert "short" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_key_belongs_to_its_address() -> None:
    lichtbild("config", "set", "a", "--api", "http://one", "--key", KEY)

    same = lichtbild("config", "set", "a", "--api", "http://one")
    other = lichtbild("config", "set", "a", "--api", "http://two")
    changed = lichtbild("config", "set", "a", "--key", "0123456789abcdefnew!")

    assert [done.stdout.split()[-1] for done in (same, other, changed)] == ["****wxyz", "key", "****new!"]
    assert changed.stdout.startswith("a: http://two,")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("config", "set", "a"), "--api URL"),
        (("config", "set", "a", "--api", "nonsense"), "must look like"),
        (("config", "set", "a b", "--api", "http://x"), "no name of a profile"),
        (("config", "set", "a", "--api", "http://x", "--key", ""), "is empty"),
        (("config", "use", "nobody"), "There is no profile 'nobody'"),
        (("jobs", "--profile", "nobody"), "There is no profile 'nobody'"),
        (("jobs", "--profile", "nobody", "--api", "http://x"), "not both"),
    ],
)
def test_wrong_arguments_are_refused_with_a_hint(arguments: tuple[str, ...], said: str) -> None:
    done = lichtbild(*arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_uses_the_chosen_profile_and_its_key(api: FakeApi) -> None:
    with running_fake_api() as other:
        for fake in (api, other):
            fake.on("GET", "/v1/jobs", Reply({"jobs": [], "next_cursor": None}))
        lichtbild("config", "set", "one", "--api", api.url, "--key", "k-1")
        lichtbild("config", "set", "two", "--api", other.url, "--key", "k-2")

        assert lichtbild("jobs").returncode == 0
        assert lichtbild("jobs", "--profile", "two").returncode == 0
        assert lichtbild("jobs", "--profile", "one", api=other.url).returncode == 0

        assert {call.headers["Authorization"] for call in api.seen} == {"Bearer k-1"}
        assert [call.headers.get("Authorization") for call in other.calls("GET", "/v1/jobs")] == ["Bearer k-2"]
        assert len(api.calls("GET", "/v1/jobs")) == 2
