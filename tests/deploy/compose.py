"""Reads compose files like `docker compose`, as far as ours need it: interpolation, environment, merging two files."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
GPU_FILE = ROOT / "deploy" / "compose.gpu.yml"
EXAMPLE = ROOT / ".env.example"

_NAME = re.compile(r"\$\{([A-Za-z_]\w*)")


class MissingVariableError(Exception):
    """`${NAME:?text}` and NAME is not set; holds the text."""


def load(path: Path, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The file; with `variables`, each text in it is interpolated, and each empty environment variable looked up."""
    found = yaml.safe_load(path.read_text())
    if variables is None:
        return found
    found = _interpolated(found, variables)
    for service in found["services"].values():
        if "environment" in service:
            given = {name: value or variables.get(name) for name, value in service["environment"].items()}
            service["environment"] = {name: value for name, value in given.items() if value is not None}
    return found


def merge(base: Any, over: Any) -> Any:
    """Mappings are merged; lists are concatenated (our second file only adds new ones)."""
    if isinstance(base, dict) and isinstance(over, dict):
        both = {key: merge(base[key], over[key]) for key in base if key in over}
        return base | over | both
    return base + over if isinstance(base, list) and isinstance(over, list) else over


def variables_in(text: str) -> set[str]:
    """The names that are interpolated."""
    return set(_NAME.findall(text))


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """`${NAME}`, `${NAME:-default}` and `${NAME:?text}`, also inside one another; `$$` is a dollar."""
    out, at = "", 0
    while at < len(text):
        if text.startswith("$$", at):
            out, at = out + "$", at + 2
        elif text.startswith("${", at):
            end = _closing(text, at + 2)
            out, at = out + _value(text[at + 2 : end], variables), end + 1
        else:
            assert text[at] != "$", f"a variable without braces in {text!r}"
            out, at = out + text[at], at + 1
    return out


def _value(expression: str, variables: Mapping[str, str]) -> str:
    match = re.fullmatch(r"(\w+)(?:(:[-?])(.*))?", expression, re.DOTALL)
    assert match, f"not understood: {expression!r}"
    name, operator, rest = match.groups()
    if variables.get(name):
        return variables[name]
    if operator == ":?":
        raise MissingVariableError(f"{name}: {rest}")
    assert operator, f"{name} has neither a default nor a demand"
    return interpolate(rest, variables)


def _closing(text: str, at: int) -> int:
    depth = 1
    while True:
        depth += (text[at] == "{") - (text[at] == "}")
        if not depth:
            return at
        at += 1


def _interpolated(node: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _interpolated(value, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [_interpolated(value, variables) for value in node]
    return interpolate(node, variables) if isinstance(node, str) else node


def read_env(text: str) -> dict[str, str]:
    """NAME=value lines of an .env file."""
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


PASSWORDS = {"REDIS_PASSWORD", "CLICKHOUSE_PASSWORD", "FLOWER_PASSWORD"}
FILLED = dict.fromkeys(PASSWORDS, "pass-word_1")
SERVICES = load(FILE, FILLED)["services"]
WORKERS = ("search", "ingest")
