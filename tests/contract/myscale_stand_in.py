"""A stand-in for a MyScale server: the embedded catalogue server, which takes MyScale's dialect and keeps its rules.

What it enforces, from MyScaleDB's sources and tests and MyScale's documentation:
- VECTOR INDEX in CREATE TABLE and ALTER TABLE ADD and DROP, its types (MSTG in the cloud's build alone, SCANN in the
  open-source one alone), its parameters' spelling and ranges; a length constraint and Float32; one index a table.
- `distance()` with and without parameters; error 62 without ORDER BY, without LIMIT, in the wrong direction; squared
  L2 where neither index nor table names a metric; cosine is 1 - cos; a query vector of whole numbers is refused.
- Rows of parts whose index is not finished do not appear, unless `enable_brute_force_vector_search=1`; every insert
  sets an index back to InProgress; `system.vector_indices`; MyScale's names in `system.settings`.
- The top k are found in each part before FINAL merges rows, so FINAL brings replaced rows back. WHERE beside FINAL
  filters after the search, unless `optimize_move_to_prewhere_if_final=1`; PREWHERE before it, and before FINAL merges.
- Up to 20 parts are never merged by themselves, so that what was replaced lies beside what replaced it.

What it does not prove: that a real MyScale does the same. Its engine is a new ClickHouse, so it accepts SQL, functions
and a protocol that MyScale's old base may not (vector search of newer ClickHouse is refused, the rest is not looked
for). Its searches are exact: nothing is said about recall, speed, memory, or how long an index takes. There are no
users, replicas, TLS, lightweight deletes or restarts, and `SHOW CREATE TABLE` does not show vector indexes. How a real
FINAL treats candidates, whether a bound query vector is taken, and what `version()` says are inferred, not observed.

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
    """A running stand-in, and the handle that a real server does not have."""

    url: str
    http: str

    def become(self, build: Build) -> None:
        """Another build of MyScale from now on; who has asked it already does not notice."""
        self._tell(build=asdict(build))

    def indexes(self, building: Building, reason: str = "") -> None:
        """From now on parts get their index `soon`, not until told otherwise (`held`), or never (`failing`)."""
        self._tell(building=building, reason=reason)

    def cancel(self, queries: int) -> None:
        """The next so many searches are cancelled, as when an index is loaded under them."""
        self._tell(cancel=queries)

    def read_only(self, switch: bool) -> None:
        """Whether all statements run with `readonly=2`, as for a user who may only read."""
        self._tell(read_only=switch)

    def statements(self) -> list[tuple[str, dict[str, str]]]:
        """All statements since the last call, each with the settings that came beside it."""
        return [(sql, settings) for sql, settings in self._tell()["statements"]]

    def _tell(self, **order: object) -> Any:
        answer = requests.post(f"{self.http}/stand-in", json=order, timeout=60)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def running_stand_in(folder: Path) -> Iterator[StandIn]:
    """A stand-in for the length of a `with` block: MyScaleDB's open-source build, until it is told otherwise."""
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
    def handle() -> dict[str, object]:
        return _obey(engine, request.get_json())

    # Each test connects anew, and its connections stay open for a while: beyond the limit, others would wait for them.
    server = create_server(
        app, host=LOOPBACK, port=options.port, threads=8, connection_limit=1000, asyncore_use_poll=True
    )
    threading.Thread(target=server.run, daemon=True).start()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
    os._exit(0)


def _obey(engine: MyScaleEngine, order: dict[str, Any]) -> dict[str, object]:
    engine.build = Build(**order["build"]) if "build" in order else engine.build
    engine.indexes.building = order.get("building", engine.indexes.building)
    engine.indexes.reason = order.get("reason", engine.indexes.reason)
    engine.cancellations = order.get("cancel", engine.cancellations)
    engine.read_only = order.get("read_only", engine.read_only)
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
