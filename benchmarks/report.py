"""What all benchmarks share: the option `--json FILE`, a Markdown table, a line of facts."""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any


def argument_parser(module: str, doc: str | None) -> argparse.ArgumentParser:
    """A parser with the option `--json`. Its description is the first line of the module's docstring."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=(doc or "").splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    return parser


def write_figures(file: Path | None, figures: Any) -> None:
    """Write figures as JSON, with data classes as objects. Without a file, do nothing."""
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(figures, indent=1, default=_as_json) + "\n")


def facts_line(facts: Mapping[str, Any]) -> str:
    """`name: value, other name: value`, with underscores in names as spaces."""
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items())


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table with aligned columns. The caller formats the numbers."""
    lines = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    drawn = [_line(line, widths) for line in lines]
    drawn.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(drawn)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first column is left-aligned, the others are right-aligned."""
    first, *others = cells
    padded = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
    return "| " + " | ".join(padded) + " |"


def _as_json(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value.item() if hasattr(value, "item") else str(value)
