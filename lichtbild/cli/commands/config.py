"""`lichtbild config`: profiles, the addresses and keys of several APIs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from lichtbild.cli.completion import complete_profiles
from lichtbild.cli.terminal import show_table, write_json, write_line
from lichtbild.profiles import Config, Profile, config_path, read_config, write_config
from lichtbild.transports.address import checked

# Of a key that is long enough to stay secret without them.
_SHOWN_LETTERS, _LONG_KEY = 4, 16

_name_argument = click.argument("name", shell_complete=complete_profiles)


@click.group()
def config() -> None:
    """Keep the addresses and keys of several APIs as profiles, in one file that only you can read (mode 0600):
    lichtbild/config.toml in the XDG config folder, ~/.config by default.

    The address is that of --api, of --profile, of LICHTBILD_API, of the profile LICHTBILD_PROFILE, or of the profile in
    use, in this order. LICHTBILD_API_KEY replaces the key of a profile, but not of one that --profile names.
    """


@config.command("set")
@click.argument("name")
@click.option("--api", "address", metavar="URL", help="Address of the API.")
@click.option("--key", help="API key; - reads it from stdin, so that it is in no shell history.")
def set_profile(*, name: str, address: str | None, key: str | None) -> None:
    """Add the profile NAME, or change its address or key. The first profile becomes the one in use."""
    known = read_config(config_path()).profiles.get(name)
    if address is None and (known is None or key is None):
        raise click.UsageError("Give the API's address with --api URL.")
    try:
        api = checked(address) if address is not None else known.api if known else ""
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    # The key belongs to the address: a new address starts without one.
    kept = known.key if known and known.api == api else None
    profile = Profile(api, _given(key) if key is not None else kept)
    _change(lambda before: before.with_profile(name, profile))
    write_line(f"{name}: {api}, {_masked(profile.key)}")


@config.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; keys are masked.")
def list_profiles(*, as_json: bool) -> None:
    """List the profiles; the one in use is marked with *. Keys are masked."""
    found = read_config(config_path())
    if as_json:
        write_json({"path": str(config_path()), "current": found.current, "profiles": _as_json(found)})
        return
    if not found.profiles:
        write_line("There are no profiles. To add one: lichtbild config set NAME --api URL")
        return
    rows = [
        ("*" if name == found.current else "", name, profile.api, _masked(profile.key))
        for name, profile in sorted(found.profiles.items())
    ]
    show_table(("", "profile", "api", "key"), rows)


@config.command()
@_name_argument
def use(*, name: str) -> None:
    """Use the profile NAME where neither an option nor the environment names an API."""
    profile = _change(lambda before: before.using(name)).profile(name)
    write_line(f"{name}: {profile.api}")


@config.command()
@_name_argument
def delete(*, name: str) -> None:
    """Delete the profile NAME, with its key."""
    _change(lambda before: before.without(name))
    write_line(f"{name} is deleted.")


def _change(change: Callable[[Config], Config]) -> Config:
    path = config_path()
    changed = change(read_config(path))
    write_config(path, changed)
    return changed


def _given(key: str) -> str:
    """The key as an option, or a line from stdin, hidden on a terminal. Raises UsageError for an empty one."""
    if key == "-":
        on_terminal = sys.stdin.isatty()
        key = click.prompt("API key", hide_input=True, err=True) if on_terminal else sys.stdin.readline().strip()
    if not key.isprintable() or not key:
        raise click.UsageError("The key is empty, or has control characters.")
    return key


def _as_json(config: Config) -> dict[str, Any]:
    return {name: {"api": profile.api, "key": _masked(profile.key)} for name, profile in config.profiles.items()}


def _masked(key: str | None) -> str:
    if not key:
        return "no key"
    return f"****{key[-_SHOWN_LETTERS:]}" if len(key) >= _LONG_KEY else "****"
