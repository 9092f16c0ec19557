"""The second line of defence alone: statements that no guard has checked, with Landlock and, as a control, without.

A kernel without Landlock fails these tests in CI, and skips them elsewhere.
"""

import ctypes
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

SECRET = "only-the-file-says-this"
ABI = ctypes.CDLL(None).syscall(444, None, 0, 1) if sys.platform.startswith("linux") else 0
ABI_WITH_NETWORK = 4

PROGRAM = """
import os, sys
from pathlib import Path
from embedded.catalogue_server import sandbox
from embedded.catalogue_server.engine import Engine
from embedded.catalogue_server.errors import CatalogueError

folder, mode, statement = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
folder.mkdir()
os.environ["TMPDIR"] = str(folder)
if mode == "confined":
    assert sandbox.confine([folder])
engine = Engine(folder / "engine")
try:
    outcome = engine.run(
        statement.encode(),
        "TSV",
        parameters={},
        settings={"http_max_tries": "1", "http_connection_timeout": "1"},
        database=None,
        read_only=False,
    )
    print("RAN", outcome.body)
except CatalogueError as error:
    print("REFUSED", error)
sys.stdout.flush()
os._exit(0)
"""


def need_landlock(abi: int) -> None:
    if abi > ABI:
        reason = f"this kernel's Landlock has ABI {max(ABI, 0)}, the test needs {abi}"
        if os.environ.get("CI"):
            pytest.fail(f"In CI nothing is skipped: {reason}.")
        pytest.skip(reason)


def run(folder: Path, statement: str, *, confined: bool) -> str:
    """What the program prints: RAN and the result, or REFUSED and the error."""
    mode = "confined" if confined else "free"
    command = [sys.executable, "-c", PROGRAM, str(folder / mode), mode, statement]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ordinary_statements_run(tmp_path: Path) -> None:
    need_landlock(1)
    assert run(tmp_path, "SELECT 'fine'", confined=True) == "RAN b'fine\\n'\n"


@pytest.mark.parametrize(
    "attack", ["SELECT * FROM file('{outside}/secret', 'LineAsString')", "SELECT file('{outside}/secret')"]
)
def test_the_kernel_lets_the_engine_read_no_file_outside_its_folder(tmp_path: Path, attack: str) -> None:
    need_landlock(1)
    (tmp_path / "secret").write_text(SECRET)
    statement = attack.format(outside=tmp_path)
    assert SECRET in run(tmp_path, statement, confined=False)

    output = run(tmp_path, statement, confined=True)

    assert output.startswith("REFUSED"), output
    assert SECRET not in output


@pytest.mark.parametrize(
    "attack",
    [
        "INSERT INTO FUNCTION file('{path}', 'CSV', 'a String') VALUES ('x')",
        "SELECT 1 INTO OUTFILE '{path}'",
    ],
)
def test_the_kernel_lets_the_engine_write_no_file_outside_its_folder(tmp_path: Path, attack: str) -> None:
    need_landlock(1)
    run(tmp_path, attack.format(path=tmp_path / "control"), confined=False)
    assert (tmp_path / "control").exists()

    output = run(tmp_path, attack.format(path=tmp_path / "written"), confined=True)

    assert output.startswith("REFUSED"), output
    assert not (tmp_path / "written").exists()


@pytest.fixture
def answering_port() -> Iterator[int]:
    """A port of this machine that answers any request with the secret."""

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(1 << 16)
                body = SECRET.encode()
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                connection.sendall(head.encode() + body)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_the_kernel_lets_the_engine_connect_to_nothing(tmp_path: Path, answering_port: int) -> None:
    need_landlock(ABI_WITH_NETWORK)
    statement = f"SELECT * FROM url('http://127.0.0.1:{answering_port}/', 'LineAsString', 'a String')"
    assert SECRET in run(tmp_path, statement, confined=False)

    output = run(tmp_path, statement, confined=True)

    assert output.startswith("REFUSED"), output
    assert SECRET not in output
