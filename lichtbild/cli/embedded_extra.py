"""What `up` and `demo` need beside the client: the `embedded` extra, and its errors in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from lichtbild.errors import LichtbildError

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
    """Only the client is installed."""


class StackFailed(LichtbildError):  # noqa: N818
    """The stack did not come up; the text names the process and holds its last lines."""


def require_embedded() -> None:
    """Raise ExtraMissing unless the whole stack is installed; nothing of it is imported here."""
    missing = [name for name in _NEEDED if not _is_installed(name)]
    if missing:
        raise ExtraMissing(
            f"This needs the whole stack, and {', '.join(missing)} is missing: pip install 'lichtbild[embedded]'"
        )


@contextmanager
def embedded_errors() -> Iterator[None]:
    """Raises StackFailed for whatever keeps a stack from coming up."""
    from embedded.data_folder import FolderInUseError
    from embedded.redis_server import RedisUnavailableError
    from embedded.stack import PortTakenError
    from embedded.supervisor import StartFailedError

    try:
        yield
    except (FolderInUseError, RedisUnavailableError, PortTakenError, StartFailedError) as error:
        raise StackFailed(str(error)) from error


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
