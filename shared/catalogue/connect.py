"""From `LICHTBILD_CATALOGUE_URL` to a catalogue."""

from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver import httputil
from clickhouse_connect.driver.client import Client

from shared.catalogue.clickhouse import ClickHouse
from shared.catalogue.interface import Catalogue
from shared.catalogue.session import Session
from shared.catalogue.table import SqlCatalogue
from shared.errors import ConfigurationError
from shared.settings import Settings

_EXPECTED = "LICHTBILD_CATALOGUE_URL must look like clickhouse://user:password@host:8123/database"


def connect(settings: Settings) -> Catalogue:
    """Return the catalogue; the server is first asked on first use."""
    try:
        url = urlsplit(settings.catalogue_url.get_secret_value())
        port = url.port
    except ValueError:
        raise ConfigurationError(_EXPECTED) from None
    if url.scheme not in ("clickhouse", "clickhouses") or not url.hostname:
        raise ConfigurationError(_EXPECTED)
    secure = url.scheme == "clickhouses"
    pool = httputil.get_pool_manager(maxsize=32)

    def client() -> Client:
        return clickhouse_connect.get_client(
            host=url.hostname,
            port=port or (8443 if secure else 8123),
            username=unquote(url.username or "default"),
            password=unquote(url.password or ""),
            database=url.path.strip("/") or "default",
            secure=secure,
            # Vectors hardly compress: on a local network lz4 costs more than it saves.
            compress=False,
            # One client serves all threads, which a session would forbid.
            autogenerate_session_id=False,
            connect_timeout=5,
            pool_mgr=pool,
            show_clickhouse_errors="scrub",
        )

    return SqlCatalogue(Session(client), ClickHouse())
