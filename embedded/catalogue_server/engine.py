"""Owns the chDB engine: opens a data folder and runs statements concurrently.

Only this module imports `chdb`, and only when the engine opens: the import starts a dozen threads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol, cast

from embedded.catalogue_server.errors import CatalogueError, Code, refusal
from embedded.catalogue_server.guard import EngineNames

_CODE = re.compile(r"Code: (\d+)\. DB::Exception")
_CANNOT_OPEN = 76
# The database of a new session.
_INITIAL_DATABASE = "default"
_SETTING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
# Names that could lead out of the database: all table functions, the functions that call a model over the network, all
# engines, and all settings whose value is free text.
_OUTWARD_FUNCTIONS = """
    SELECT name FROM system.table_functions
    UNION ALL SELECT name FROM system.functions WHERE match(name, '^(ai|AI)[A-Z]')"""
_TEXT_SETTINGS = "SELECT name FROM system.settings WHERE type IN ('String', 'Map', 'URI', 'Dialect')"
_ENGINES = "SELECT name FROM system.table_engines UNION ALL SELECT name FROM system.database_engines"


class FolderInUseError(Exception):
    """Another process uses the data folder; chDB allows one."""


class LinksLostError(Exception):
    """The data folder is a copy with folders instead of symbolic links; the engine would find it empty."""


class _Handle(Protocol):
    """The used part of `chdb.Connection`: a session (USE, SET) on the shared engine."""

    def query(self, query: bytes | str, output_format: str, /, *, params: Mapping[str, str]) -> Any: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """A statement's result in the requested format, and the counts of ClickHouse's summary header."""

    body: bytes
    summary: dict[str, str]


class Engine:
    """Opens the folder on construction; `close` releases it. Thread-safe."""

    def __init__(self, folder: Path, cache_bytes: int = 0) -> None:
        """`cache_bytes` is the size of the cache for uncompressed blocks, which scans of vectors ask for."""
        self._path = str(folder)
        self._cache_bytes = cache_bytes
        if any(path.is_dir() and not path.is_symlink() for path in (folder / "metadata").glob("default")):
            raise LinksLostError(self._path)
        try:
            self._root = self._connect()
        except RuntimeError as error:
            if "Cannot lock file" in str(error):
                raise FolderInUseError(self._path) from None
            raise
        self._leave_file_system()
        self.version, self.timezone = self._column("SELECT arrayJoin([version(), timezone()])")

    def names(self) -> EngineNames:
        """The names that could lead out of the database, as this build lists them."""
        return EngineNames(self._column(_OUTWARD_FUNCTIONS), self._column(_ENGINES), self._column(_TEXT_SETTINGS))

    def run(
        self,
        sql: bytes,
        output_format: str,
        *,
        parameters: Mapping[str, str],
        settings: Mapping[str, str],
        database: str | None,
        read_only: bool,
    ) -> Outcome:
        """Run one statement in a session of its own, so that neither settings nor the database leak to the next."""
        with self._session() as session:
            if database and database != _INITIAL_DATABASE:
                _query(session, f"USE {_quoted(database, '`')}")
            if settings:
                # One statement for all: each costs 0.6 ms.
                _query(session, f"SET {_assignments(settings)}")
            if read_only:
                _query(session, "SET readonly = 2")
            result = _query(session, sql, output_format, parameters)
            return Outcome(bytes(result.bytes()), _summary(result))

    def close(self) -> None:
        """Close the engine. No statement may be running."""
        self._root.close()

    def _connect(self) -> _Handle:
        from chdb.state.sqlitelike import Connection  # starts threads, see above

        # The name of the setting is that of ClickHouse's server.
        return cast(_Handle, Connection(f"{self._path}?uncompressed_cache_size={self._cache_bytes}"))

    @contextmanager
    def _session(self) -> Iterator[_Handle]:
        session = self._connect()
        try:
            yield session
        finally:
            session.close()

    def _leave_file_system(self) -> None:
        """Detach `default` from the file system, at every start.

        chDB opens `default` as an overlay on the file system: `SELECT * FROM '/etc/passwd'` reads that file. Attached
        again by its id, it is an ordinary database with the same tables.
        """
        if not (Path(self._path) / "metadata" / "default").exists():
            # The id of a new database is written to disk with its first table.
            _query(self._root, "CREATE TABLE default.placeholder (nothing Int8) ENGINE = Memory")
            _query(self._root, "DROP TABLE default.placeholder SYNC")
        (uuid,) = self._column("SELECT uuid FROM system.databases WHERE name = 'default'")
        _query(self._root, "DETACH DATABASE default")
        _query(self._root, f"ATTACH DATABASE default UUID '{uuid}' ENGINE = Atomic")

    def _column(self, sql: str) -> list[str]:
        text: bytes = _query(self._root, sql).bytes()
        return text.decode().splitlines()


def _query(
    handle: _Handle, sql: bytes | str, output_format: str = "TabSeparated", parameters: Mapping[str, str] | None = None
) -> Any:
    try:
        return handle.query(sql, output_format, params=dict(parameters or {}))
    except Exception as error:  # ChdbError or a bare RuntimeError; naming them would import chdb
        _raise_known(error)


def _raise_known(error: Exception) -> NoReturn:
    message = str(error)
    match = _CODE.search(message)
    if match is None:
        raise CatalogueError(Code.UNKNOWN_EXCEPTION, message) from error
    raise CatalogueError(int(match[1]), message[match.start() :]) from error


def _assignments(settings: Mapping[str, str]) -> str:
    if not all(map(_SETTING_NAME.fullmatch, settings)):
        raise refusal(Code.BAD_ARGUMENTS, "The name of a setting must be a plain identifier")
    return ", ".join(f"{name} = {_quoted(value, chr(39))}" for name, value in settings.items())


def _quoted(text: str, quote: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return f"{quote}{escaped}{quote}"


def _summary(result: Any) -> dict[str, str]:
    counts = {
        "read_rows": result.storage_rows_read(),
        "read_bytes": result.storage_bytes_read(),
        "written_rows": result.rows_written(),
        "written_bytes": result.bytes_written(),
        "total_rows_to_read": 0,
        "result_rows": result.rows_read(),
        "result_bytes": result.size(),
        "elapsed_ns": int(result.elapsed() * 1e9),
    }
    return {name: str(count) for name, count in counts.items()}
