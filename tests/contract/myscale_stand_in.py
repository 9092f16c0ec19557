"""A stand-in for a MyScale server: the embedded catalogue server with MyScale's dialect and rules.

It enforces, from MyScaleDB's sources and tests and MyScale's documentation:
- VECTOR INDEX in CREATE TABLE, ALTER TABLE ADD and DROP; its types (MSTG only in the cloud's build, SCANN only in the
  open-source build); the spelling and ranges of its parameters; a length constraint, Float32, one index per table.
- `distance()` with and without parameters; error 62 without ORDER BY, without LIMIT, or in the wrong direction; error
  49 for a query vector of another dimension; squared L2 if neither index nor table names a metric; cosine is 1 - cos;
  a query vector of whole numbers is rejected.
- A search misses rows of parts without a finished index, unless `enable_brute_force_vector_search=1`.
- `system.vector_indices`: each insert sets `Built` back to `InProgress`, or to `Error` if any part ever failed, though
  the server continues to build; MyScale's names in `system.settings`. Error 252 for an insert into too many parts.
- The top k of each part are found before FINAL merges rows, so FINAL returns replaced rows. WHERE with FINAL filters
  after the search, unless `optimize_move_to_prewhere_if_final=1`; PREWHERE before it, and before FINAL merges.
- Up to 20 parts are never merged on their own, so that replaced rows stay next to the rows that replaced them.

It does not prove that a real MyScale does the same. Its engine is a new ClickHouse, which accepts SQL, functions and a
protocol that MyScale's old base may not (only vector search of newer ClickHouse is rejected). Its searches are exact:
recall, speed, memory and build times are not covered. It has no users, replicas, TLS, lightweight deletes or restarts,
and `SHOW CREATE TABLE` omits vector indexes. How a real FINAL treats candidates, whether a bound query vector is
accepted, whether a past failure is ever cleared, and the text of `version()` are inferred, not observed.

`python -m tests.contract.myscale_stand_in --data DIR --port N --password-file FILE`
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import requests
from flask import request
from waitress.server import create_server

from embedded.catalogue_server.server import Activity, create_app
from embedded.data_folder import DataFolder
from embedded.ports import LOOPBACK, free_ports
from embedded.readiness import http_answers
from embedded.servers import _running
from tests.contract.myscale_build import Build
from tests.contract.myscale_engine import MyScaleEngine
from tests.contract.myscale_indexes import Building


@dataclass(frozen=True)
class StandIn:
    """A running stand-in, and the controls that a real server does not have."""

    url: str
    http: str

    def become(self, build: Build) -> None:
        """Act as another build from now on. A catalogue that has detected the dialect already does not notice."""
        self._control(build=asdict(build))

    def indexes(self, building: Building, reason: str = "") -> None:
        """From now on builds finish `soon`, make no progress (`held`), or fail with the reason (`failing`)."""
        self._control(building=building, reason=reason)

    def cancel(self, queries: int) -> None:
        """Cancel this number of searches, as if an index were loaded under them."""
        self._control(cancel=queries)

    def refuse_inserts(self, count: int) -> None:
        """Reject this number of inserts, as if the table had too many parts."""
        self._control(refuse_inserts=count)

    def read_only(self, switch: bool) -> None:
        """Run all statements with `readonly=2`, as for a user without the right to write."""
        self._control(read_only=switch)

    def statements(self) -> list[tuple[str, dict[str, str]]]:
        """All statements since the last call, each with its settings."""
        return [(sql, settings) for sql, settings in self._control()["statements"]]

    def _control(self, **control: object) -> Any:
        answer = requests.post(f"{self.http}/stand-in", json=control, timeout=60)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def running_stand_in(folder: Path) -> Iterator[StandIn]:
    """A stand-in for the length of a `with` block; MyScaleDB's open-source build until `become` is called."""
    data = DataFolder(folder)
    password_file = data.password("catalogue")
    port = free_ports(1)[0]
    http = f"http://{LOOPBACK}:{port}"
    command = [
        *(sys.executable, "-m", "tests.contract.myscale_stand_in", "--data", str(data.catalogue)),
        *("--port", str(port), "--password-file", str(password_file)),
    ]
    with _running("stand-in", command, data.logs, lambda: http_answers(f"{http}/ping")):
        url = f"myscale://default:{password_file.read_text()}@{LOOPBACK}:{port}/default?secure=0"
        yield StandIn(url, http)


def main() -> None:
    """Serves until SIGTERM."""
    options = _options()
    logging.basicConfig(level=logging.INFO)
    options.data.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=options.data.resolve()))
    engine = MyScaleEngine(options.data.resolve() / "engine", Build())
    app = create_app(engine, options.password_file.read_text().strip(), scratch, 1 << 30, Activity())

    @app.post("/stand-in")
    def controls() -> dict[str, object]:
        return _apply(engine, request.get_json())

    # Each test opens its own connections, which stay open for a while; beyond the limit, other clients would wait.
    server = create_server(
        app, host=LOOPBACK, port=options.port, threads=8, connection_limit=1000, asyncore_use_poll=True
    )
    threading.Thread(target=server.run, daemon=True).start()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
    os._exit(0)


def _apply(engine: MyScaleEngine, control: dict[str, Any]) -> dict[str, object]:
    engine.build = Build(**control["build"]) if "build" in control else engine.build
    engine.indexes.building = control.get("building", engine.indexes.building)
    engine.indexes.reason = control.get("reason", engine.indexes.reason)
    engine.cancellations = control.get("cancel", engine.cancellations)
    engine.refused_inserts = control.get("refuse_inserts", engine.refused_inserts)
    engine.read_only = control.get("read_only", engine.read_only)
    seen, engine.statements = engine.statements, []
    return {"statements": seen}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--password-file", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
