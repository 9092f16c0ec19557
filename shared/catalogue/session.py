"""Statements to a server that speaks ClickHouse's HTTP interface, and its failures as our errors."""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.exceptions import Error as DriverError
from urllib3.exceptions import HTTPError

from shared.errors import NotFoundError, UnavailableError

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Rows = Sequence[Sequence[Any]]

# ClickHouse's error codes
_UNKNOWN_TABLE = 60
# MyScale cancels a query when an index is loaded or thrown out under it. ClickHouse's HNSW has about as many places for
# searches as the server has cores, and calls it incorrect data (117) when all are taken. A next try goes through.
_PASSING = (394, 117)
_TRIES = 6
# Before the second try, doubled with each further one: a place is taken for some milliseconds.
_PAUSE_SECONDS = 0.01


class Session:
    """Connects on first use. Thread-safe. Raises UnavailableError when the server is away or refuses."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._connected: Client | None = None

    def rows(
        self, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> Rows:
        """Run a query; a table that does not exist yet has no rows."""

        def run(client: Client) -> Rows:
            try:
                return client.query(sql, parameters=dict(parameters or {}), settings=dict(settings or {})).result_rows
            except DatabaseError as error:
                if error.code == _UNKNOWN_TABLE:
                    return []
                raise

        return self._call(lambda client: _patiently(lambda: run(client)))

    def command(self, sql: str, settings: Mapping[str, Any] | None = None) -> None:
        """Run a statement that has no rows."""
        self._call(lambda client: client.command(sql, settings=dict(settings or {})))

    def insert(
        self, table: str, types: Mapping[str, str], columns: Sequence[Sequence[Any]], settings: Mapping[str, Any]
    ) -> None:
        """Insert columns of equal length. `table` is a checked name: the driver does not quote one with a dot.

        Raises NotFoundError if there is no such table.
        """

        def run(client: Client) -> None:
            try:
                client.insert(
                    table,
                    columns,
                    column_names=list(types),
                    column_type_names=list(types.values()),
                    column_oriented=True,
                    settings=dict(settings),
                )
            except DatabaseError as error:
                if error.code == _UNKNOWN_TABLE:
                    raise NotFoundError(f"There is no table {table!r}.") from error
                raise

        self._call(run)

    def _call(self, run: Callable[[Client], Result]) -> Result:
        try:
            if self._connected is None:
                self._connected = self._connect()
            return run(self._connected)
        except (DriverError, HTTPError, ConnectionError, TimeoutError) as error:
            # The driver's text may hold SQL and addresses: it is for the log, not for clients.
            log.warning("The catalogue failed: %s", error)
            code = getattr(error, "name", None) or type(error).__name__
            raise UnavailableError(f"The catalogue cannot be reached or refuses for now ({code}).") from error


def _patiently(run: Callable[[], Rows]) -> Rows:
    for failed in range(_TRIES - 1):
        try:
            return run()
        except DatabaseError as error:
            if error.code not in _PASSING:
                raise
            # Full jitter: those that found no place together shall not come back together.
            time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**failed))  # noqa: S311
    return run()
