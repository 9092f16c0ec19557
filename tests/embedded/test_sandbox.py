"""The second line of defence on its own: statements that no guard has looked at."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

HAS_LANDLOCK = sys.platform.startswith("linux") and ctypes.CDLL(None).syscall(444, None, 0, 1) >= 1
pytestmark = pytest.mark.skipif(not HAS_LANDLOCK, reason="this kernel has no Landlock")

PROGRAM = """
import os, sys
from pathlib import Path
from embedded.catalogue_server import sandbox
from embedded.catalogue_server.engine import Engine
from embedded.catalogue_server.errors import CatalogueError

folder, attack = Path(sys.argv[1]), sys.argv[2]
folder.mkdir()
os.environ["TMPDIR"] = str(folder)
assert sandbox.confine([folder])
engine = Engine(folder / "engine")
try:
    outcome = engine.run(
        attack.encode(),
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


def run(tmp_path: Path, attack: str) -> str:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "data"), attack]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ordinary_statements_run(tmp_path: Path) -> None:
    assert run(tmp_path, "SELECT 'fine'") == "RAN b'fine\\n'\n"


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT * FROM file('{outside}/secret', 'LineAsString')",
        "SELECT file('{outside}/secret')",
        "INSERT INTO FUNCTION file('{outside}/written', 'CSV', 'a String') VALUES ('x')",
        "SELECT 1 INTO OUTFILE '{outside}/written'",
        "SELECT * FROM url('http://127.0.0.1:{port}/', 'CSV', 'a String')",
    ],
)
def test_the_kernel_keeps_the_engine_in_its_folder(tmp_path: Path, attack: str) -> None:
    (tmp_path / "secret").write_text("only-the-file-says-this")

    said = run(tmp_path, attack.format(outside=tmp_path, port=9))

    assert said.startswith("REFUSED"), said
    assert "only-the-file-says-this" not in said
    assert not (tmp_path / "written").exists()
