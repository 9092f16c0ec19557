"""The HTTP interface: one address for statements, as on ClickHouse's port 8123."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException

from embedded.catalogue_server import access
from embedded.catalogue_server.engine import Engine, Outcome
from embedded.catalogue_server.errors import CatalogueError, Code, refusal
from embedded.catalogue_server.guard import Guard
from embedded.catalogue_server.request import CatalogueRequest, parse
from embedded.catalogue_server.statement import InsertHead, named_format, returns_rows, split_insert
from embedded.catalogue_server.tokens import Token, tokenize

# Limit of SQL text, which is tokenized; bulk data is not. Far above the engine's own max_query_size of 256 KiB.
MAX_SQL_BYTES = 8 << 20
# Limit of an INSERT's head, the table's name and columns, which is read into memory.
_HEAD_BYTES = 256 << 10
# A bound vector is some 11 KB of text; a request may carry a few thousand of them.
_MAX_FORM_BYTES = 64 << 20


class Activity:
    """Counts running statements, so that a stopping server can wait for them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = 0
        self._stopping = False

    @contextmanager
    def statement(self) -> Iterator[None]:
        """Count a statement. Raises CatalogueError once the server is stopping."""
        with self._changed:
            if self._stopping:
                raise refusal(Code.UNKNOWN_EXCEPTION, "The catalogue server is stopping", 503)
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def stop(self, seconds: float) -> bool:
        """Refuse new statements and wait for the running ones; True if they end in time."""
        with self._changed:
            self._stopping = True
            return self._changed.wait_for(lambda: self._running == 0, seconds)


class StatementRunner:
    """Checks the statement of a request and runs it. Thread-safe."""

    def __init__(self, engine: Engine, guard: Guard, scratch: Path, max_data: int) -> None:
        self._engine = engine
        self._guard = guard
        self._scratch = scratch
        self._max_data = max_data

    def run(self, request: CatalogueRequest) -> tuple[Outcome, str | None]:
        """The outcome, and the format of its rows; None if the statement returns no rows."""
        self._guard.check_settings(request.settings)
        beginning, whole = _read(request.body, _HEAD_BYTES)
        insert = split_insert(beginning)
        if insert is not None:
            self._guard.check(insert.tokens)
            return self._insert(insert, beginning[insert.data_start :], request), None
        rest, whole = (b"", True) if whole else _read(request.body, MAX_SQL_BYTES - len(beginning))
        if not whole:
            raise refusal(
                Code.TOO_LARGE_STRING_SIZE, f"SQL text is limited to {MAX_SQL_BYTES} bytes: send data as Native"
            )
        return self._statement(beginning + rest, request)

    def _statement(self, sql: bytes, request: CatalogueRequest) -> tuple[Outcome, str | None]:
        tokens: list[Token] = list(tokenize(sql))
        self._guard.check(tokens)
        rows_as = (named_format(tokens) or request.default_format) if returns_rows(tokens) else None
        return self._execute(sql, request), rows_as

    def _insert(self, insert: InsertHead, beginning: bytes, request: CatalogueRequest) -> Outcome:
        """Insert from a file: chDB's streaming insert lost the error of a violated constraint."""
        with tempfile.NamedTemporaryFile(dir=self._scratch, prefix="insert-", suffix=".data") as file:
            for chunk in chain([beginning], request.body):
                file.write(chunk)
                if file.tell() > self._max_data:
                    raise refusal(Code.TOO_LARGE_STRING_SIZE, f"One INSERT is limited to {self._max_data} bytes")
            file.flush()
            return self._execute(insert.reading(file.name), request)

    def _execute(self, sql: bytes, request: CatalogueRequest) -> Outcome:
        return self._engine.run(
            sql,
            request.default_format,
            parameters=request.parameters,
            settings=request.settings,
            database=request.database,
            read_only=request.read_only,
        )


def _read(chunks: Iterator[bytes], limit: int) -> tuple[bytes, bool]:
    """Read until more than `limit` bytes are read; True if the chunks ended before."""
    read = bytearray()
    for chunk in chunks:
        read += chunk
        if len(read) > limit:
            return bytes(read), False
    return bytes(read), True


def create_app(engine: Engine, password: str, scratch: Path, max_data: int, activity: Activity) -> Flask:
    """The WSGI application. `scratch` is a folder for the data of INSERTs, each of `max_data` bytes at most."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_FORM_MEMORY_SIZE"] = _MAX_FORM_BYTES
    runner = StatementRunner(engine, Guard(engine.names()), scratch, max_data)

    @app.before_request
    def known_caller() -> None:
        access.check_origin(request.headers)

    @app.get("/ping")
    def ping() -> Response:
        return Response("Ok.\n", mimetype="text/plain")

    @app.route("/", methods=["GET", "POST"])
    def statement() -> Response:
        if request.method != "POST" and "query" not in request.args:
            return ping()
        access.check_password(request.headers, password)
        with activity.statement():
            return _answer(request, runner, engine)

    @app.errorhandler(CatalogueError)
    def failed(error: CatalogueError) -> Response:
        response = Response(f"{error}\n", status=error.status, mimetype="text/plain")
        response.headers["X-ClickHouse-Exception-Code"] = str(error.code)
        if error.status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="catalogue"'
        return response

    @app.errorhandler(HTTPException)
    def not_served(error: HTTPException) -> Response:
        return Response(f"{error.description}\n", status=error.code, mimetype="text/plain")

    @app.errorhandler(Exception)
    def surprised(error: Exception) -> Response:
        app.logger.error("The catalogue server failed on a request", exc_info=error)
        return failed(refusal(Code.UNKNOWN_EXCEPTION, "The catalogue server failed; see its log"))

    return app


def _answer(http_request: Request, runner: StatementRunner, engine: Engine) -> Response:
    started = time.monotonic_ns()
    parsed = parse(http_request)
    outcome, rows_as = runner.run(parsed)
    summary = {**outcome.summary, "elapsed_ns": str(time.monotonic_ns() - started)}
    response = Response(outcome.body, mimetype="application/octet-stream")
    response.headers["X-ClickHouse-Server-Display-Name"] = "lichtbild"
    response.headers["X-ClickHouse-Query-Id"] = parsed.query_id
    response.headers["X-ClickHouse-Timezone"] = engine.timezone
    response.headers["X-ClickHouse-Summary"] = json.dumps(summary)
    if rows_as is not None:
        response.headers["X-ClickHouse-Format"] = rows_as
    return response
