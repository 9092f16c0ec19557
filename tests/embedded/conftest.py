"""A separate catalogue server for these tests, since they attack it and fill it with odd tables."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import clickhouse_connect
import pytest
import requests
from clickhouse_connect.driver.client import Client

from embedded.servers import running_catalogue


@dataclass(frozen=True)
class CatalogueAddress:
    """The address of a catalogue server, and its password."""

    url: str

    @property
    def http(self) -> str:
        parts = urlsplit(self.url)
        return f"http://{parts.hostname}:{parts.port}/"

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port

    @property
    def password(self) -> str:
        return urlsplit(self.url).password or ""

    def client(self, **options: object) -> Client:
        chosen = {"password": self.password, "autogenerate_session_id": False, **options}
        return clickhouse_connect.get_client(host="127.0.0.1", port=self.port, username="default", **chosen)

    def post(self, sql: str | bytes, **options: object) -> requests.Response:
        return requests.post(self.http, data=sql, auth=("default", self.password), timeout=30, **options)


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CatalogueAddress]:
    with running_catalogue(tmp_path_factory.mktemp("embedded")) as url:
        yield CatalogueAddress(url)


@pytest.fixture(scope="session")
def client(address: CatalogueAddress) -> Client:
    return address.client()


@pytest.fixture
def new_table(client: Client) -> Callable[[str], str]:
    """Makes a table with the given columns under a name that no other test uses."""

    def make(columns: str) -> str:
        name = f"t{secrets.token_hex(6)}"
        client.command(f"CREATE TABLE {name} ({columns}) ENGINE = MergeTree ORDER BY tuple()")
        return name

    return make
