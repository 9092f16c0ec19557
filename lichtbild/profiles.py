"""Profiles: the addresses and keys of several APIs in one config file, and which of them a client uses."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lichtbild.errors import ConfigError

DEFAULT_API = "http://127.0.0.1:8700"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Profile:
    """One API: its address and, if it requires one, its key."""

    api: str
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Config:
    """The profiles by name, and the name of the one in use."""

    profiles: Mapping[str, Profile] = field(default_factory=dict)
    current: str | None = None

    def profile(self, name: str) -> Profile:
        """Raises ConfigError if there is none with this name."""
        if name not in self.profiles:
            known = f"There are {', '.join(sorted(self.profiles))}." if self.profiles else "There are none."
            raise ConfigError(f"There is no profile {name!r}. {known} To add it: lichtbild config set {name} --api URL")
        return self.profiles[name]

    def with_profile(self, name: str, profile: Profile) -> Config:
        """With this profile; the first one becomes the one in use. Raises ConfigError for a name with other characters
        than letters, digits, `_` and `-`."""
        if not _NAME.fullmatch(name):
            raise ConfigError(f"{name!r} is no name of a profile: use letters, digits, _ and -.")
        return Config({**self.profiles, name: profile}, self.current or name)

    def without(self, name: str) -> Config:
        """Without this profile. Raises ConfigError if there is none."""
        self.profile(name)
        rest = {known: profile for known, profile in self.profiles.items() if known != name}
        return Config(rest, None if self.current == name else self.current)

    def using(self, name: str) -> Config:
        """With this profile in use. Raises ConfigError if there is none."""
        self.profile(name)
        return replace(self, current=name)


def config_path(environment: Mapping[str, str] = os.environ) -> Path:
    """`lichtbild/config.toml` in the XDG config folder."""
    folder = environment.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(os.path.expanduser(folder)) / "lichtbild" / "config.toml"  # noqa: PTH111 - never raises


def read_config(path: Path) -> Config:
    """The config; without a file, an empty one. Raises ConfigError for a file that cannot be read or parsed."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        profiles = {name: Profile(table["api"], table.get("key")) for name, table in tables.get("profiles", {}).items()}
    except (FileNotFoundError, NotADirectoryError):
        return Config()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} is not a config of Lichtbild: {error}. Correct it or remove it.") from error
    return Config(profiles, tables.get("current"))


def write_config(path: Path, config: Config) -> None:
    """Replace the file as a whole; only its owner can read it (mode 0600). Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}-{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_toml(config))
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def chosen(
    api: str | None, key: str | None, profile: str | None, environment: Mapping[str, str] = os.environ
) -> Profile:
    """The address and key to use. An argument counts before the environment, and that before the profile in use.

    Address: `api`; the named `profile`; LICHTBILD_API; the profile LICHTBILD_PROFILE; the profile in use;
    http://127.0.0.1:8700. Key: `key`; that of the named `profile`; LICHTBILD_API_KEY; that of the profile whose address
    is used. A profile's key is never sent to another address. Raises ConfigError, and ValueError for both `api` and
    `profile`.
    """
    if api and profile:
        raise ValueError("Give an address or a profile, not both.")
    from_environment = environment.get("LICHTBILD_API_KEY") or None
    if profile:
        named = read_config(config_path(environment)).profile(profile)
        return Profile(named.api, key or named.key or from_environment)
    address = api or environment.get("LICHTBILD_API")
    if address:
        return Profile(address, key or from_environment)
    config = read_config(config_path(environment))
    name = environment.get("LICHTBILD_PROFILE") or config.current
    found = config.profile(name) if name else Profile(DEFAULT_API)
    return Profile(found.api, key or from_environment or found.key)


def _toml(config: Config) -> str:
    """JSON's strings are TOML's basic strings, if every letter beyond ASCII stays as it is."""
    lines = [f"current = {_text(config.current)}"] if config.current else []
    for name, profile in sorted(config.profiles.items()):
        lines += ["", f"[profiles.{name}]", f"api = {_text(profile.api)}"]
        lines += [f"key = {_text(profile.key)}"] if profile.key else []
    return "\n".join([*lines, ""])


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
