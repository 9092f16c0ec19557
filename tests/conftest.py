"""Real servers for the tests: each pytest process has its own Redis and catalogue, and one stack for its stories."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from embedded.servers import running_catalogue, running_redis
from shared.catalogue.connect import connect as connect_catalogue
from shared.catalogue.interface import Catalogue
from shared.ledger.connection import connect as connect_redis
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from shared.ledger.search import SearchLedger
from shared.settings import Settings
from tests.image_server import ImageServer, serving
from tests.scheduling import STORIES, STORY_FILES, ByFile, group_of
from tests.skips import SKIPPED_IN_CI
from tests.stack import SETTINGS, WORKERS, Lichtbild, running
from tests.tampering import Tampering
from tests.tiny_model import save_tiny_model

Redis = redis.Redis


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis"), bundled_only=True) as url:
        yield url


@pytest.fixture(scope="session")
def catalogue_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_catalogue(tmp_path_factory.mktemp("catalogue")) as url:
        yield url


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP with random weights that loads in milliseconds."""
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def settings(redis_url: str, catalogue_url: str, tiny_model: Path) -> Settings:
    return Settings(
        redis_url=redis_url, catalogue_url=catalogue_url, model=str(tiny_model), fetch_allow=("127.0.0.0/8",)
    )


@pytest.fixture
def connection(settings: Settings) -> Iterator["Redis"]:
    """An empty Redis."""
    client = connect_redis(settings)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def ingests(connection: "Redis", settings: Settings) -> IngestLedger:
    return IngestLedger(connection, settings)


@pytest.fixture
def searches(connection: "Redis", settings: Settings) -> SearchLedger:
    return SearchLedger(connection, settings)


@pytest.fixture
def jobs(connection: "Redis", settings: Settings) -> Jobs:
    return Jobs(connection, settings)


@pytest.fixture
def catalogue(settings: Settings) -> Catalogue:
    return connect_catalogue(settings)


@pytest.fixture
def collection() -> str:
    """A name that no other test uses."""
    return f"c{secrets.token_hex(6)}"


@pytest.fixture
def image_server() -> Iterator[ImageServer]:
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def tampering(tmp_path_factory: pytest.TempPathFactory) -> Tampering:
    """Faults inside the processes of `shared_stack`."""
    return Tampering(tmp_path_factory.mktemp("tampering"))


@pytest.fixture(scope="session")
def shared_stack(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, tampering: Tampering
) -> Iterator[Lichtbild]:
    """One stack for all stories: starting its five Python processes takes half a minute of CPU time."""
    data = tmp_path_factory.mktemp("stack")
    with running(data, tiny_model, SETTINGS, WORKERS, search_workers=1, **tampering.environment()) as stack:
        yield stack


@pytest.fixture
def lichtbild(shared_stack: Lichtbild, request: pytest.FixtureRequest) -> Lichtbild:
    """The shared stack once all its workers are ready again after the previous test."""
    assert group_of(request.node.nodeid) == STORIES, f"{request.node.nodeid} belongs in {STORY_FILES}"
    shared_stack.ready(WORKERS)
    return shared_stack


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    return ByFile(config, log)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes after their argument: some (gzip) have the time in them, and both processes must collect equal ids."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The stories start first: they are the longest group."""
    items.sort(key=lambda item: group_of(item.nodeid) != STORIES)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test that is not listed fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput") or "CI" not in os.environ:
        return
    skipped = {report.nodeid.partition("@")[0] for report in reporter.stats.get("skipped", [])}
    reporter.write_line(f"\n{len(skipped)} skipped")
    for nodeid in sorted(skipped - SKIPPED_IN_CI.keys()):
        reporter.write_line(f"{nodeid} was skipped; tests/skips.py does not list it.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
