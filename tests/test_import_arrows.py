"""Imports run one way: see the arrows below. A new arrow is a decision, not an accident."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ("api", "worker", "shared", "lichtbild", "embedded")
ALLOWED = {
    "api": {"shared"},
    "worker": {"shared"},
    "shared": set(),
    "lichtbild": {"embedded"},
    "embedded": {"api", "worker", "shared", "lichtbild"},
}
# Heavy libraries, and the only folders that may import them.
HEAVY = {
    "torch": {"worker", "embedded"},
    "transformers": {"worker", "embedded"},
    "chdb": {"embedded"},
    "flask": {"api", "embedded"},
}


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Each imported top-level package, and whether it is imported when the file is."""
    tree = ast.parse(path.read_text())
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        else:
            continue
        for name in names:
            yield name.partition(".")[0], id(node) not in inside


def files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("folder", HOUSE)
def test_the_arrows_hold(folder):
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(folder)
        for name, _ in imports(path)
        if name in HOUSE and name != folder and name not in ALLOWED[folder]
    }
    assert wrong == set()


@pytest.mark.parametrize("folder", HOUSE)
def test_heavy_libraries_stay_where_they_belong(folder):
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(folder)
        for name, _ in imports(path)
        if folder not in HEAVY.get(name, {folder})
    }
    assert wrong == set()


def test_the_command_imports_the_stack_only_when_called():
    wrong = {
        path.name
        for path in files("lichtbild")
        for name, at_import in imports(path)
        if name == "embedded" and at_import
    }
    assert wrong == set()


def test_the_client_imports_nothing_of_ours():
    ours = {name for name, _ in imports(ROOT / "lichtbild" / "client.py") if name in HOUSE and name != "lichtbild"}
    assert ours == set()


def test_chdb_is_never_imported_with_a_file():
    """Importing it starts threads, and a process forked after that hangs."""
    wrong = {
        str(path) for folder in HOUSE for path in files(folder) for name, at in imports(path) if name == "chdb" and at
    }
    assert wrong == set()


@pytest.mark.parametrize("module", ["api.app", "lichtbild.client", "lichtbild.cli.main"])
def test_importing_it_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*(m for m in ('torch', 'transformers', 'chdb', 'worker') if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


@pytest.mark.parametrize("folder", [*HOUSE, "tests"])
def test_files_stay_small_enough_to_read(folder):
    too_long = {path.name for path in files(folder) if len(path.read_text().splitlines()) > 420}
    assert too_long == set()
