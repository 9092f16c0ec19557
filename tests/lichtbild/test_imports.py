"""The client and the command start where only the base dependencies are installed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ABSENT = (
    "torch",
    "celery",
    "chdb",
    "flask",
    "numpy",
    "redis",
    "pydantic",
    "platformdirs",
    "psutil",
    "embedded",
    "api",
    "shared",
    "worker",
)
BLOCK = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {ABSENT!r}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)
sys.meta_path.insert(0, Absent())
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BLOCK + code]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)


@pytest.mark.parametrize(
    "code",
    [
        "from lichtbild.client import Client; Client('http://127.0.0.1:1').close()",
        "import lichtbild; [getattr(lichtbild, name) for name in lichtbild.__all__]",
        "import lichtbild.cli.contact_sheet",
    ],
)
def test_it_imports_without_the_stack(code: str) -> None:
    done = run(code)

    assert (done.returncode, done.stderr) == (0, "")


def test_the_client_imports_neither_the_command_nor_pillow() -> None:
    done = run("import lichtbild; print(sorted({'PIL', 'click', 'rich'} & set(sys.modules)))")

    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_core_of_both_clients_has_no_input_or_output_of_its_own() -> None:
    sources = [path.read_text() for path in sorted((ROOT / "lichtbild" / "core").glob("*.py"))]
    imported = {name for source in sources for name in re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE)}

    assert "lichtbild" in imported
    assert imported & {"requests", "httpx2", "anyio", "asyncio", "socket", "threading", "pathlib"} == set()


def test_the_help_needs_no_stack() -> None:
    done = run("import lichtbild.cli.main; sys.exit(lichtbild.cli.main.run(['--help']))")

    assert done.returncode == 0, done.stderr
    for name in ("up", "demo", "ingest", "search", "jobs", "photos", "status"):
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("subcommand", ["up", "demo"])
def test_a_command_that_needs_the_stack_names_what_to_install(subcommand: str) -> None:
    done = run(f"import lichtbild.cli.main; sys.exit(lichtbild.cli.main.run([{subcommand!r}]))")

    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install '.[embedded]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
