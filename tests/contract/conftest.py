"""What every catalogue must do, whatever server keeps it: each test runs against each target.

The targets are the embedded server, over HTTP, the stand-in for MyScale, and the server that
`LICHTBILD_TEST_CATALOGUE_URL` names, if it is set.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator

import clickhouse_connect
import pytest
from pydantic import SecretStr

from shared.catalogue.connect import connect, parse
from shared.catalogue.interface import Catalogue
from shared.settings import Settings
from tests.contract.myscale_build import Build
from tests.contract.myscale_stand_in import StandIn, running_stand_in

_REAL = os.environ.get("LICHTBILD_TEST_CATALOGUE_URL")
TARGETS = ["embedded", "stand_in", *(["real"] if _REAL else [])]


@pytest.fixture(scope="session")
def running_myscale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running_stand_in(tmp_path_factory.mktemp("myscale")) as server:
        yield server


@pytest.fixture
def myscale(running_myscale: StandIn) -> StandIn:
    """The stand-in as it is at its start: the open-source build, with no statements noted yet."""
    running_myscale.become(Build())
    running_myscale.indexes("soon")
    running_myscale.cancel(0)
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


def until_built(catalogue: Catalogue, collection: str) -> None:
    """Wait for a build that was begun."""
    deadline = time.monotonic() + 60
    while (index := catalogue.index(collection)).status == "building":
        assert time.monotonic() < deadline, index
        time.sleep(0.02)
    assert index.status == "built", index


@pytest.fixture
def collection(request: pytest.FixtureRequest, settings: Settings) -> Iterator[str]:
    """A name that no other test uses; dropped in the end from a real server, which is kept."""
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
    """Runs SQL of the target's own, as an operator would."""
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
