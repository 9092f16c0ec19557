"""What a flow asks of its transport: requests as data, pauses, pieces of a stream, work that may block.

A flow is a generator: it yields effects, is sent their results, and returns its own. It decides what is done and
repeated; the transport only acts, so one flow serves the blocking and the asynchronous client.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeAlias, TypeVar

from lichtbild.core.sources import Source, StreamedBody
from lichtbild.errors import Unreachable

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """One HTTP request, not repeated; its result is a Response. `silence` is the longest silence of the API in seconds.

    A StreamedBody is sent over a new connection, which cannot be stale. Raises NoAnswer.
    """

    method: str
    path: str
    silence: float
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    body: bytes | StreamedBody | None = None


@dataclass(frozen=True)
class Response:
    """An answer; the names in `headers` are in lower case. `content` is empty while its event stream is open."""

    status: int
    reason: str
    headers: Mapping[str, str]
    url: str
    content: bytes = b""


@dataclass(frozen=True)
class Open:
    """Open an event stream over a connection of its own; the result is a Response. An answer of another media type is
    read whole. The previous stream of the flow is closed. Raises NoAnswer."""

    request: Request


@dataclass(frozen=True)
class Read:
    """The next piece of the open stream, empty at its end. Raises NoAnswer."""


@dataclass(frozen=True)
class Close:
    """Close the open stream, if any."""


@dataclass(frozen=True)
class Pause:
    """Wait for some seconds."""

    seconds: float


@dataclass(frozen=True)
class Take:
    """The next item of a source, END after the last."""

    source: Source[Any]


@dataclass(frozen=True)
class Work:
    """The result of a function that may block, because it reads files or compresses."""

    function: Callable[[], Any]


@dataclass(frozen=True)
class Emit(Generic[T]):
    """Hand a value to whoever iterates the flow."""

    value: T


Effect: TypeAlias = Request | Open | Read | Close | Pause | Take | Work
Flow: TypeAlias = Generator[Effect, Any, T]
# A flow that is iterated.
Items: TypeAlias = Generator[Effect | Emit[T], Any, None]

END: Final = object()


class NoAnswer(Unreachable):
    """The connection was refused or broke, or the API did not answer in time."""

    retry_after = None
    is_temporary = True
