"""What `up` and `demo` need beyond the client: the `embedded` extra, the stack's packages, and the stack's errors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from lichtbild.errors import LichtbildError

_PACKAGE = Path(__file__).resolve().parents[1]
_NEEDED = (
    "celery",
    "chdb",
    "clickhouse_connect",
    "flask",
    "gunicorn",
    "platformdirs",
    "psutil",
    "redis",
    "torch",
    "transformers",
    "waitress",
)


class ExtraMissing(LichtbildError):  # noqa: N818
    """The packages of the `embedded` extra are not installed."""


class StackFailed(LichtbildError):  # noqa: N818
    """The stack did not start; the text names the process and holds its last lines."""


def require_embedded() -> None:
    """Make the stack's packages importable without importing them. Raises ExtraMissing if one that they need is not
    installed."""
    missing = [name for name in _NEEDED if not _is_installed(name)]
    if missing:
        raise ExtraMissing(
            f"This runs the whole stack, which needs {', '.join(missing)}. In a checkout of Lichtbild: "
            "pip install '.[embedded]'"
        )
    folder = str(_stack_folder())
    if folder not in sys.path:
        sys.path.insert(0, folder)


@contextmanager
def embedded_errors() -> Iterator[None]:
    """Raises StackFailed for every error that keeps a stack from starting."""
    from embedded.data_folder import FolderInUseError
    from embedded.redis_server import RedisUnavailableError
    from embedded.stack import PortTakenError
    from embedded.supervisor import StartFailedError

    try:
        yield
    except (FolderInUseError, RedisUnavailableError, PortTakenError, StartFailedError) as error:
        raise StackFailed(str(error)) from error


def _stack_folder() -> Path:
    """The folder of the packages `api`, `embedded`, `shared` and `worker`: in the wheel, or else in the checkout."""
    in_wheel = _PACKAGE / "_stack"
    return in_wheel if in_wheel.is_dir() else _PACKAGE.parent


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
