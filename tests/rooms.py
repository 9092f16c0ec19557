"""`python -m tests.rooms FILE`: draw the imports between the rooms of each package, between the two marks of a page."""

import sys
from collections.abc import Iterator
from pathlib import Path

import grimp

PACKAGES = ("lichtbild", "embedded", "api", "worker", "shared")
BEGIN, END = "<!-- drawings: made by `make docs` -->", "<!-- end of drawings -->"


def imports() -> grimp.ImportGraph:
    """All imports at run time: those for type checkers alone do not count."""
    return grimp.build_graph(*PACKAGES, cache_dir=None, exclude_type_checking_imports=True)


def arrows(graph: grimp.ImportGraph, rooms: set[str]) -> set[tuple[str, str]]:
    """(importer, imported) pairs of rooms; a room is a module, or a package with all its modules."""
    room_of = {module: room for room in rooms for module in (room, *graph.find_descendants(room))}
    return {
        (room.rpartition(".")[2], room_of[imported].rpartition(".")[2])
        for module, room in room_of.items()
        for imported in graph.find_modules_directly_imported_by(module)
        if room_of.get(imported, room) != room
    }


def drawing(title: str, found: set[tuple[str, str]]) -> Iterator[str]:
    """A Mermaid flow chart. It is drawn from the top, importers first: an arrow upward would be a cycle."""
    yield from (f"## {title}", "", "```mermaid", "flowchart TD")
    yield from (f"    {importer} --> {imported}" for importer, imported in sorted(found))
    yield from ("```", "")


def drawings() -> str:
    """The packages, then the rooms of each."""
    graph = imports()
    lines = [*drawing("The packages", arrows(graph, set(PACKAGES)))]
    for package in PACKAGES:
        lines += drawing(f"In `{package}`", arrows(graph, graph.find_children(package)))
    return "\n".join(lines)


def with_drawings(page: str) -> str:
    """The page with new drawings between its marks; raises ValueError for a page without them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The page needs the marks {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n\n{drawings()}\n{END}{after}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_drawings(path.read_text(encoding="utf-8")), encoding="utf-8")
