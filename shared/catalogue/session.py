"""Runs statements on a server with ClickHouse's HTTP interface, and raises its failures as our errors."""

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

# ClickHouse's error codes.
_UNKNOWN_TABLE = 60
_NOT_ENOUGH_SPACE = 243
# The engine's own limit of a statement is 256 KiB. Vectors and ids are part of statements: 4,096 ids of 256 bytes are
# 1.4 MB, sixteen vectors of 4,096 numbers 350 kB.
_MAX_QUERY_BYTES = 8 << 20
# Errors that a retry cures. 394: MyScale cancels a query while an index is loaded or evicted under it. 117 ("incorrect
# data"): all slots of ClickHouse's HNSW are taken; it has about as many as the server has cores.
_TRANSIENT = (394, 117)
_ATTEMPTS = 6
# Longest pause before the second attempt, doubled with each further one: a slot is taken for some milliseconds.
_BACKOFF_SECONDS = 0.01


class Session:
    """Connects on first use. Thread-safe.

    Raises UnavailableError if the server is unreachable or rejects a statement.
    """

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._connected: Client | None = None

    def rows(
        self, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> Rows:
        """Run a query. A table that does not exist has no rows."""

        def run(client: Client) -> Rows:
            try:
                sent = {"max_query_size": _MAX_QUERY_BYTES, **(settings or {})}
                return client.query(sql, parameters=dict(parameters or {}), settings=sent).result_rows
            except DatabaseError as error:
                if error.code == _UNKNOWN_TABLE:
                    return []
                raise

        return self._call(lambda client: _with_retries(lambda: run(client)))

    def command(self, sql: str, settings: Mapping[str, Any] | None = None) -> None:
        """Run a statement that returns no rows."""
        self._call(lambda client: client.command(sql, settings=dict(settings or {})))

    def insert(
        self, table: str, types: Mapping[str, str], columns: Sequence[Sequence[Any]], settings: Mapping[str, Any]
    ) -> None:
        """Insert columns of equal length. `table` is a checked name: the driver does not quote a name with a dot.

        Raises NotFoundError if the table does not exist.
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
            # The driver's text may contain SQL and addresses: it goes to the log, not to clients.
            log.warning("The catalogue failed: %s", error)
            if getattr(error, "code", None) == _NOT_ENOUGH_SPACE or "No space left on device" in str(error):
                raise UnavailableError("The disk of the catalogue is full. Make room; nothing is lost.") from error
            code = getattr(error, "name", None) or type(error).__name__
            raise UnavailableError(f"The catalogue is unreachable or rejected the statement ({code}).") from error


def _with_retries(run: Callable[[], Rows]) -> Rows:
    for failures in range(_ATTEMPTS - 1):
        try:
            return run()
        except DatabaseError as error:
            if error.code not in _TRANSIENT:
                raise
            # Full jitter, so that queries that failed together do not come back together.
            time.sleep(random.uniform(0, _BACKOFF_SECONDS * 2**failures))  # noqa: S311
    return run()
