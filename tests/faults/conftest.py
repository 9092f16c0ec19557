"""Fixtures of the fault stories, and their transcript."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.pictures import picture_at
from tests.faults.sizes import FULL
from tests.faults.table import Table
from tests.faults.transcript import Story
from tests.image_server import EVERY_ADDRESS, ImageServer, serving
from tests.stack import Lichtbild


@pytest.fixture(scope="session")
def table(shared_stack: Lichtbild, tiny_model: Path) -> Table:
    return Table(shared_stack, tiny_model)


@pytest.fixture
def images() -> Iterator[ImageServer]:
    """Answers with the picture that the path names."""
    with serving(EVERY_ADDRESS) as server:
        server.default = picture_at
        yield server


@pytest.fixture
def rng() -> random.Random:
    """The story's random choices. A failed story prints the seed; FAULTS_SEED repeats them."""
    seed = os.environ.get("FAULTS_SEED") or str(random.SystemRandom().randrange(10**6))
    print(f"Random choices of this story: FAULTS_SEED={seed}")  # noqa: T201 pytest shows it with a failure
    return random.Random(seed)


@pytest.fixture
def story(record_property) -> Iterator[Story]:
    written = Story(lambda line: record_property("transcript", line))
    yield written
    written.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the transcript, only at full size: it is the output of `make faults`."""
    if not FULL:
        return
    failed = {report.nodeid for outcome in ("failed", "error") for report in terminalreporter.stats.get(outcome, [])}
    for report in terminalreporter.stats.get("", []):
        lines = [str(line) for name, line in report.user_properties if name == "transcript"]
        if lines and report.when == "teardown":
            terminalreporter.write_line("")
            terminalreporter.write_line(f"{title(report.nodeid)}: {'FAILED' if report.nodeid in failed else 'held'}")
            for line in lines:
                terminalreporter.write_line(f"    {line}")


def title(nodeid: str) -> str:
    """The test's name as a sentence."""
    name, _, parameters = nodeid.partition("::test_")[2].partition("[")
    return " ".join([name.replace("_", " "), parameters.rstrip("]")]).strip()
