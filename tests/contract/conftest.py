"""The contract of every catalogue: each test runs against each target.

The targets are the embedded server, over HTTP, the stand-in for MyScale, and the server of
`LICHTBILD_TEST_CATALOGUE_URL`, if it is set.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from pydantic import SecretStr

from shared.catalogue.connect import connect, parse
from shared.catalogue.interface import Catalogue
from shared.settings import Settings
from tests.contract.myscale_build import Build
from tests.contract.myscale_client import COLUMNS, COSINE, LENGTH, insert
from tests.contract.myscale_stand_in import StandIn, running_stand_in

_REAL = os.environ.get("LICHTBILD_TEST_CATALOGUE_URL")
TARGETS = ["embedded", "stand_in", *(["real"] if _REAL else [])]


@pytest.fixture(scope="session")
def running_myscale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running_stand_in(tmp_path_factory.mktemp("myscale")) as server:
        yield server


@pytest.fixture
def myscale(running_myscale: StandIn) -> StandIn:
    """The stand-in as at its start: the open-source build, with no statements recorded."""
    running_myscale.become(Build())
    running_myscale.indexes("soon")
    running_myscale.cancel(0)
    running_myscale.refuse_inserts(0)
    running_myscale.read_only(False)
    running_myscale.statements()
    return running_myscale


@pytest.fixture(params=TARGETS)
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings whose catalogue is the target's."""
    if request.param == "real":
        return Settings(catalogue_url=SecretStr(_REAL or ""))
    if request.param == "stand_in":
        return Settings(catalogue_url=SecretStr(request.getfixturevalue("myscale").url))
    return Settings(catalogue_url=SecretStr(request.getfixturevalue("catalogue_url")))


@pytest.fixture
def catalogue(settings: Settings) -> Catalogue:
    return connect(settings)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until the condition is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def until_built(catalogue: Catalogue, collection: str) -> None:
    """Wait until a build ends, and assert that it succeeded."""
    wait_for(lambda: catalogue.index(collection).status != "building")
    assert catalogue.index(collection).status == "built"


@pytest.fixture
def collection(request: pytest.FixtureRequest, settings: Settings) -> Iterator[str]:
    """A name that no other test uses; dropped afterwards from a real server, which outlives the test."""
    name = f"c{secrets.token_hex(6)}"
    if settings.catalogue_url.get_secret_value() != _REAL:
        yield name
        return
    statement = request.getfixturevalue("statement")
    yield name
    for table in (name, *(f"{name}_{suffix}" for suffix in ("ours", "missing"))):
        statement(f"DROP TABLE IF EXISTS `{table}`")


@pytest.fixture
def statement(settings: Settings) -> Callable[[str], None]:
    """Runs SQL on the target, as an operator would."""
    address = parse(settings.catalogue_url.get_secret_value())
    client = clickhouse_connect.get_client(
        host=address.host,
        port=address.port,
        username=address.user,
        password=address.password,
        database=address.database,
        secure=address.secure,
    )
    return client.command


@pytest.fixture(scope="session")
def operator(running_myscale: StandIn) -> Client:
    """An operator's connection to the stand-in."""
    address = parse(running_myscale.url)
    return clickhouse_connect.get_client(
        host=address.host, port=address.port, username="default", password=address.password
    )


@pytest.fixture
def client(operator: Client, myscale: StandIn) -> Client:
    """An operator's connection to the stand-in, which is as at its start."""
    return operator


@pytest.fixture
def table(client: Client, collection: str) -> Callable[..., str]:
    """Creates a table of three rows on the stand-in: `a` at (1, 0), `b` at (0, 1), `c` at (3, 4)."""

    def make(constraint: str = LENGTH, settings: str = COSINE, engine: str = "ReplacingMergeTree(version)") -> str:
        ending = f"ORDER BY id SETTINGS {settings}" if settings else "ORDER BY id"
        client.command(f"CREATE TABLE {collection} ({COLUMNS}, {constraint}) ENGINE = {engine} {ending}")
        insert(client, collection, "('a', [1, 0], 'x', 1), ('b', [0, 1], 'x', 1), ('c', [3, 4], 'y', 1)")
        return collection

    return make
