"""Profiles: which address and key a client uses, and the file they are kept in."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lichtbild import AsyncClient, Client, ConfigError
from lichtbild.profiles import Config, Profile, chosen, config_path, read_config, write_config
from tests.lichtbild.fake_api import FakeApi

WORK, HOME = Profile("https://work.example", "work-key"), Profile("http://home.example")
CONFIG = Config({"work": WORK, "home": HOME}, "work")
ENV_API, ENV_KEY, ENV_PROFILE = (
    {"LICHTBILD_API": "http://env"},
    {"LICHTBILD_API_KEY": "e"},
    {"LICHTBILD_PROFILE": "home"},
)


@pytest.mark.parametrize(
    ("arguments", "environment", "address", "key"),
    [
        (("http://flag", None, None), {}, "http://flag", None),
        (("http://flag", None, None), ENV_API | ENV_KEY, "http://flag", "e"),
        (("http://flag", "k", None), ENV_API | ENV_KEY, "http://flag", "k"),
        ((None, None, "work"), ENV_API | ENV_KEY | ENV_PROFILE, "https://work.example", "work-key"),
        ((None, None, "home"), ENV_KEY, "http://home.example", "e"),
        ((None, "k", "work"), {}, "https://work.example", "k"),
        ((None, None, None), ENV_API | ENV_PROFILE, "http://env", None),
        ((None, None, None), ENV_PROFILE, "http://home.example", None),
        ((None, None, None), {}, "https://work.example", "work-key"),
        ((None, None, None), ENV_KEY, "https://work.example", "e"),
    ],
)
def test_an_option_counts_before_the_environment_and_that_before_the_profile(
    tmp_path: Path, arguments: tuple[str | None, ...], environment: dict, address: str, key: str | None
) -> None:
    environment = environment | {"XDG_CONFIG_HOME": str(tmp_path)}
    write_config(config_path(environment), CONFIG)

    assert chosen(*arguments, environment) == Profile(address, key)


def test_without_a_config_the_address_is_that_of_a_stack_on_this_machine(tmp_path: Path) -> None:
    assert chosen(None, None, None, {"XDG_CONFIG_HOME": str(tmp_path)}) == Profile("http://127.0.0.1:8700")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_takes_a_profile_and_hides_its_key(kind: type[Client] | type[AsyncClient]) -> None:
    write_config(config_path(), CONFIG)

    assert kind(profile="home").api == "http://home.example"
    assert "work-key" not in repr(kind()) + repr(read_config(config_path()))
    with pytest.raises(ConfigError, match=r"no profile 'office'. There are home, work"):
        kind(profile="office")
    with pytest.raises(ValueError, match="not both"):
        kind("http://x", profile="home")


def test_the_key_of_a_profile_is_sent(api: FakeApi) -> None:
    write_config(config_path(), Config({"fake": Profile(api.url, "k-1")}, "fake"))

    with Client() as client:
        client.health()

    assert api.seen[0].headers["Authorization"] == "Bearer k-1"


@pytest.mark.parametrize("umask", [0o022, 0o000])
def test_only_the_owner_can_read_the_file(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "new" / "config.toml"
    before = os.umask(umask)
    try:
        write_config(path, CONFIG)
        path.chmod(0o644)
        write_config(path, CONFIG)
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["config.toml"]


TEXT = st.text(st.characters(codec="utf-8"), min_size=1)
NAME = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)


@given(
    st.dictionaries(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), st.builds(Profile, TEXT, TEXT | st.none()))
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, profiles: dict[str, Profile]) -> None:
    path = tmp_path_factory.mktemp("config") / "config.toml"
    config = Config(profiles, next(iter(profiles), None))

    write_config(path, config)

    assert read_config(path) == config


@pytest.mark.parametrize("text", ["current = ", "profiles = 3", "[profiles.a]\nkey = 'k'", "\xff"])
def test_a_broken_file_is_named_and_not_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(ConfigError, match="is not a config of Lichtbild"):
        read_config(path)


@pytest.mark.parametrize("name", ["", "a b", "ä", "a.b", "x" * 65])
def test_a_name_has_letters_digits_and_dashes(name: str) -> None:
    with pytest.raises(ConfigError, match="no name of a profile"):
        CONFIG.with_profile(name, HOME)
