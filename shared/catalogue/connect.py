"""Makes the catalogue of `LICHTBILD_CATALOGUE_URL`."""

from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qsl, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver import httputil
from clickhouse_connect.driver.client import Client

from shared.catalogue.detect import detect
from shared.catalogue.interface import Catalogue
from shared.catalogue.session import Session
from shared.catalogue.sql_catalogue import SqlCatalogue
from shared.errors import ConfigurationError
from shared.settings import Settings

_EXPECTED = (
    "LICHTBILD_CATALOGUE_URL must look like clickhouse://user:password@host:8123/database or "
    "myscale://user:password@host:443/database; append ?secure=0 or ?secure=1 to turn TLS off or on"
)
_SECURE = {"clickhouse": False, "clickhouses": True, "myscale": True}
_SWITCH = {"0": False, "false": False, "1": True, "true": True}
# Connections kept open: one for each concurrent search of a search worker.
_POOL_SIZE = 64


@dataclass(frozen=True, slots=True)
class Address:
    """A server, and the user to connect as."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    secure: bool


def parse(text: str) -> Address:
    """The address in a URL. The scheme sets the defaults of TLS and port and nothing else: `detect` finds the dialect.

    Raises ConfigurationError, without the URL, which contains a password.
    """
    try:
        url = urlsplit(text)
        port = url.port
        options = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
        secure = _SWITCH[options.pop("secure").lower()] if options.keys() == {"secure"} else _SECURE[url.scheme]
    except (KeyError, ValueError):
        raise ConfigurationError(_EXPECTED) from None
    if url.scheme not in _SECURE or options or not url.hostname or url.fragment:
        raise ConfigurationError(_EXPECTED)
    return Address(
        host=url.hostname,
        port=port or _default_port(url.scheme, secure),
        user=unquote(url.username or "default"),
        password=unquote(url.password or ""),
        database=unquote(url.path.strip("/")) or "default",
        secure=secure,
    )


def _default_port(scheme: str, secure: bool) -> int:
    if not secure:
        return 8123
    return 443 if scheme == "myscale" else 8443


def connect(settings: Settings) -> Catalogue:
    """Return the catalogue. It connects, and detects the server's dialect, on first use."""
    address = parse(settings.catalogue_url.get_secret_value())
    pool = httputil.get_pool_manager(maxsize=_POOL_SIZE)

    def client() -> Client:
        return clickhouse_connect.get_client(
            host=address.host,
            port=address.port,
            username=address.user,
            password=address.password,
            database=address.database,
            secure=address.secure,
            # Vectors hardly compress: on a local network lz4 costs more than it saves.
            compress=False,
            # A server-side session would allow one statement at a time; one client serves all threads.
            autogenerate_session_id=False,
            connect_timeout=5,
            pool_mgr=pool,
            show_clickhouse_errors="scrub",
        )

    return SqlCatalogue(Session(client), partial(detect, settings=settings))
