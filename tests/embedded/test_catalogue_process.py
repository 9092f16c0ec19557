"""The catalogue server as a process: failed starts, stops, and durability."""

import gzip
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import requests
from clickhouse_connect.driver.client import Client

from embedded.ports import free_ports
from embedded.readiness import http_answers
from embedded.servers import catalogue_command, running_catalogue
from tests.embedded.conftest import CatalogueAddress


def ids(client: Client, table: str) -> set[str]:
    return {row[0] for row in client.query(f"SELECT id FROM {table}").result_rows}


class OwnServer:
    """A server whose exit the test observes."""

    def __init__(self, folder: Path, port: int | None = None, *options: str) -> None:
        folder.mkdir(exist_ok=True)
        self.password_file = folder / "password"
        self.password_file.write_text("secret")
        self.port = port or free_ports(1)[0]
        command = [*catalogue_command(folder / "data", self.port, self.password_file), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def client(self, **options: object) -> Client:
        return CatalogueAddress(f"clickhouse://default:secret@127.0.0.1:{self.port}/default").client(**options)

    def exit(self) -> tuple[int, str]:
        output, _ = self.process.communicate(timeout=30)
        return self.process.returncode, output

    def wait(self) -> None:
        while not http_answers(f"http://127.0.0.1:{self.port}/ping"):
            assert self.process.poll() is None, self.exit()
            threading.Event().wait(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def test_a_locked_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    with OwnServer(tmp_path) as first:
        first.wait()
        with OwnServer(tmp_path) as second:
            status, output = second.exit()

    assert status == 1
    assert output.count("\n") == 1
    assert str(tmp_path / "data") in output
    assert "--data" in output


def test_a_taken_port_is_refused_in_one_line(tmp_path: Path, address: CatalogueAddress) -> None:
    with OwnServer(tmp_path, address.port) as server:
        status, output = server.exit()

    assert status == 1
    assert output == f"catalogue: port {address.port} on 127.0.0.1 is taken: choose another --port\n"


def test_a_body_over_the_limit_is_413(tmp_path: Path) -> None:
    with OwnServer(tmp_path, None, "--max-body", "1000") as server:
        server.wait()
        url = f"http://127.0.0.1:{server.port}/"
        assert requests.post(url, data="SELECT 1", auth=("default", "secret"), timeout=5).text == "1\n"
        large = requests.post(url, data=b"x" * 2000, auth=("default", "secret"), timeout=5)
        bomb = requests.post(
            url,
            data=gzip.compress(b"x" * 100_000),
            params={"query": "INSERT INTO t FORMAT CSV"},
            headers={"Content-Encoding": "gzip"},
            auth=("default", "secret"),
            timeout=5,
        )

    assert large.status_code == 413
    assert bomb.status_code == 413


def test_sigterm_finishes_what_runs_and_exits_0(tmp_path: Path) -> None:
    with OwnServer(tmp_path) as server:
        server.wait()
        url = f"http://127.0.0.1:{server.port}/"
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(
                requests.post,
                url,
                data="SELECT sleepEachRow(0.5) FROM numbers(3)",
                auth=("default", "secret"),
                timeout=20,
            )
            threading.Event().wait(0.6)
            server.process.send_signal(signal.SIGTERM)
            answer = slow.result()
        status, output = server.exit()

    assert answer.text == "0\n0\n0\n"
    assert status == 0, output
    assert "Traceback" not in output


def test_no_acknowledged_row_is_lost_to_kill_9(tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    for turn in range(3):
        with OwnServer(tmp_path) as server:
            server.wait()
            client = server.client(query_retries=0)
            client.command("CREATE TABLE IF NOT EXISTS kept (id String) ENGINE = MergeTree ORDER BY id")
            assert ids(client, "kept") >= acknowledged
            threading.Timer(0.7, os.kill, (server.process.pid, signal.SIGKILL)).start()
            for batch in range(10_000):
                own = [f"{turn}-{batch}-{number}" for number in range(100)]
                try:
                    client.insert("kept", [own], column_names=["id"], column_oriented=True)
                except Exception:  # any error of the client about a dead server
                    break
                acknowledged.update(own)
            client.close()

    with OwnServer(tmp_path) as server:
        server.wait()
        stored = ids(server.client(), "kept")
    assert len(acknowledged) > 300
    assert stored >= acknowledged


def test_files_of_killed_inserts_are_removed_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "data" / "incoming").mkdir(parents=True)
    (tmp_path / "data" / "incoming" / "insert-left.data").write_bytes(b"x")

    with OwnServer(tmp_path) as server:
        server.wait()
        assert list((tmp_path / "data" / "incoming").iterdir()) == []


def test_the_password_is_on_no_command_line_and_in_no_log(tmp_path: Path) -> None:
    with running_catalogue(tmp_path) as url:
        password = CatalogueAddress(url).password
        CatalogueAddress(url).post("SELECT 1 FROM nothing")
        arguments = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout

    assert password not in arguments
    assert password not in (tmp_path / "logs" / "catalogue.log").read_text()
    assert (tmp_path / "catalogue.password").stat().st_mode & 0o777 == 0o600


def test_only_the_servers_process_imports_the_engine() -> None:
    """`import chdb` starts threads and breaks forks; only the server's own process may do it, when it opens."""
    code = "import sys, embedded.stack, embedded.catalogue_server.server; sys.exit('chdb' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
