"""What every catalogue must do, whatever server keeps it: each test runs against each target.

The targets are the embedded server, over HTTP, and the server that `LICHTBILD_TEST_CATALOGUE_URL` names, if it is set.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import clickhouse_connect
import pytest
from pydantic import SecretStr

from shared.catalogue.connect import connect
from shared.catalogue.interface import Catalogue
from shared.settings import Settings

_REAL = os.environ.get("LICHTBILD_TEST_CATALOGUE_URL")
TARGETS = ["embedded", *(["real"] if _REAL else [])]


@pytest.fixture(params=TARGETS)
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings whose catalogue is the target's."""
    url = _REAL if request.param == "real" else request.getfixturevalue("catalogue_url")
    return Settings(catalogue_url=SecretStr(url))


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
def collection(statement: Callable[[str], None]) -> Iterator[str]:
    """A name that no other test uses; dropped in the end, since a real server is kept."""
    name = f"c{secrets.token_hex(6)}"
    yield name
    for table in (name, *(f"{name}_{suffix}" for suffix in ("ours", "missing"))):
        statement(f"DROP TABLE IF EXISTS `{table}`")


@pytest.fixture
def statement(settings: Settings) -> Callable[[str], None]:
    """Runs SQL of the target's own, as an operator would."""
    url = urlsplit(settings.catalogue_url.get_secret_value())
    client = clickhouse_connect.get_client(
        host=url.hostname, port=url.port, username=url.username, password=url.password, database=url.path.strip("/")
    )
    return client.command
