"""Optional packages, imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lichtbild.errors import MissingPackage


def optional(module: str, purpose: str, requirement: str) -> Any:
    """The module. Raises MissingPackage, which names `requirement`, if it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingPackage(f"{purpose} needs {error.name}: pip install '{requirement}'") from error
