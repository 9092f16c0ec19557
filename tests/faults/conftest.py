"""One stack of three ingest workers for all stories that a pytest process tells, and their transcript."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.pictures import SITECUSTOMIZE, picture_at
from tests.faults.sizes import CHUNK, FULL, LEASE_SECONDS, WORKERS
from tests.faults.table import Table
from tests.faults.transcript import Story
from tests.image_server import ImageServer, serving
from tests.stack import Lichtbild, running

SETTINGS = {
    "CHUNK_SIZE": str(CHUNK),
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "WRITE_SECONDS": "0.2",
    "FETCH_ALLOW": "127.0.0.0/8",
}


@pytest.fixture(scope="session")
def three_workers(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Lichtbild]:
    data = tmp_path_factory.mktemp("stack")
    (data / "sitecustomize.py").write_text(SITECUSTOMIZE)
    with running(data, tiny_model, SETTINGS, WORKERS, search_workers=0, PYTHONPATH=str(data)) as stack:
        yield stack


@pytest.fixture
def lichtbild(three_workers: Lichtbild) -> Lichtbild:
    """The stack, in good health, whatever the story before did to it."""
    three_workers.ready(WORKERS)
    return three_workers


@pytest.fixture(scope="session")
def table(three_workers: Lichtbild, tiny_model: Path) -> Table:
    return Table(three_workers, tiny_model)


@pytest.fixture
def images() -> Iterator[ImageServer]:
    """Answers with the picture that the path names."""
    with serving() as server:
        server.default = picture_at
        yield server


@pytest.fixture
def story(record_property) -> Iterator[Story]:
    told = Story(lambda line: record_property("transcript", line))
    yield told
    told.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The transcript, of the full size only: `make faults` is run for it."""
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
    """The test's name as the sentence that it is."""
    name, _, parameters = nodeid.partition("::test_")[2].partition("[")
    return " ".join([name.replace("_", " "), parameters.rstrip("]")]).strip()
