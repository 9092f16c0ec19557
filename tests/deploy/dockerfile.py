"""Reads deploy/Dockerfile: its stages, and the contents of an image built from one of them."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.deploy.compose import ROOT

FILE = ROOT / "deploy" / "Dockerfile"


@dataclass
class Stage:
    """One FROM and what follows it; `base` is an image or another stage."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, keyword: str) -> list[str]:
        return [value for name, value in self.instructions if name == keyword]


def arguments() -> dict[str, str]:
    """The ARGs with defaults, of all stages."""
    return dict(value.split("=", 1) for name, value in _instructions() if name == "ARG" and "=" in value)


def stages() -> dict[str, Stage]:
    found: dict[str, Stage] = {}
    stage = None
    for name, value in _instructions():
        if name == "FROM":
            base, _, label = value.partition(" AS ")
            stage = found[label] = Stage(label, base)
        elif stage:
            stage.instructions.append((name, value))
    return found


def lineage(target: str) -> list[Stage]:
    """The stage and those it is built from, the oldest first."""
    known = stages()
    chain = [known[target]]
    while chain[0].base in known:
        chain.insert(0, known[chain[0].base])
    return chain


def copies(target: str) -> list[tuple[str, str]]:
    """Files copied from the repository into the image: source, and path under /app."""
    found = []
    for stage in lineage(target):
        for copy in stage.all("COPY"):
            if not copy.startswith("--from"):
                *sources, place = copy.split()
                found += [(source, place) for source in sources]
    return found


def environment(target: str) -> dict[str, str]:
    pairs = [pair for stage in lineage(target) for value in stage.all("ENV") for pair in value.split()]
    return dict(pair.split("=", 1) for pair in pairs)


def command(target: str) -> list[str]:
    """The default command; fails unless it is in exec form."""
    return json.loads(stages()[target].all("CMD")[-1])


def user(target: str) -> str:
    return [value for stage in lineage(target) for value in stage.all("USER")][-1]


def _instructions(path: Path = FILE) -> list[tuple[str, str]]:
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in text.splitlines() if line.strip()]
