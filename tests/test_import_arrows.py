"""Imports run down the layers, heavy libraries stay in their packages, and files stay short."""

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests import rooms
from tests.rooms import with_drawings

ROOT = Path(__file__).parents[1]
PACKAGES = ("api", "worker", "shared", "lichtbild", "embedded")
# Heavy libraries, and the only packages that may import them.
HEAVY = {
    "torch": {"worker", "embedded"},
    "transformers": {"worker", "embedded"},
    "chdb": {"embedded"},
    "flask": {"api", "embedded"},
}
MOST_LINES, MOST_MEDIAN_LINES = 300, 100


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Each imported top-level package, and whether importing the file imports it: not from inside a function."""
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


def test_the_layers_hold():
    """They are listed in pyproject.toml, under [tool.importlinter]."""
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_drawing_of_the_rooms_is_current():
    page = (ROOT / "docs" / "rooms.md").read_text()
    assert with_drawings(page) == page, "run `make docs`"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_arrow_between_rooms_points_up(package):
    """Nowhere: rooms that import each other could not be drawn with all arrows pointing down."""
    graph = rooms.imports()
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for importer, imported in rooms.arrows(graph, graph.find_children(package)):
        sorter.add(importer, imported)
    sorter.prepare()


@pytest.mark.parametrize("package", PACKAGES)
def test_heavy_libraries_stay_in_their_packages(package):
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(package)
        for name, _ in imports(path)
        if package not in HEAVY.get(name, {package})
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


def test_chdb_is_imported_only_inside_functions():
    """Importing it starts threads, and a process forked after that hangs."""
    wrong = {
        str(path)
        for package in PACKAGES
        for path in files(package)
        for name, at_import in imports(path)
        if name == "chdb" and at_import
    }
    assert wrong == set()


@pytest.mark.parametrize("module", ["api.app", "lichtbild.client", "lichtbild.cli.main"])
def test_importing_it_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*(m for m in ('torch', 'transformers', 'chdb', 'worker') if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


@pytest.mark.parametrize("folder", [*PACKAGES, "benchmarks", "tests"])
def test_files_are_short(folder):
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files(folder)}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}
    assert statistics.median(lines.values()) < MOST_MEDIAN_LINES
