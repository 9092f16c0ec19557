"""The array of items in a JSON body, read as a stream: `{"items": […]}`, or a bare array."""

import io
from collections.abc import Iterator
from typing import Any, TypeAlias

import ijson

from shared.errors import Fault, InvalidRequestError, MalformedError

Event: TypeAlias = "tuple[str, str, Any]"
_ITEMS = "items"


class JsonArray:
    """Its elements, one by one. `pointer` is the array's JSON pointer: empty for a bare array."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._is_bare = stream.peek(1).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
        self._stream = stream
        self.pointer = "" if self._is_bare else f"/{_ITEMS}"

    def elements(self) -> Iterator[Any]:
        """Raises MalformedError if the body is not JSON, InvalidRequestError if it is JSON of another form."""
        count = 0
        try:
            for value in self._values():
                yield value
                count += 1
        except (ijson.JSONError, UnicodeDecodeError) as error:
            reason = _reason(error)
            at = f"{self.pointer}/{count}" if count else ""
            raise MalformedError(f"The body is not valid JSON: {reason}", [Fault(reason, pointer=at)]) from error

    def _values(self) -> Iterator[Any]:
        if self._is_bare:
            yield from ijson.items(self._stream, "item", use_float=True)
        else:
            yield from ijson.items(_checked(ijson.parse(self._stream, use_float=True)), f"{_ITEMS}.item")


def _checked(events: Iterator[Event]) -> Iterator[Event]:
    """The events of an object that has `items`, an array, once, and no other field."""
    found = 0
    for prefix, event, value in events:
        if not prefix:
            if event == "map_key":
                found += 1
                _check_field(value, found)
            elif event not in ("start_map", "end_map"):
                raise _refusal("The body", "must be an object with `items`, or an array of items", "")
        elif prefix == _ITEMS and event not in ("start_array", "end_array"):
            raise _refusal(f"`{_ITEMS}`", "must be an array", f"/{_ITEMS}")
        yield prefix, event, value
    if not found:
        raise _refusal(f"`{_ITEMS}`", "is missing: there are no items", f"/{_ITEMS}")


def _check_field(name: str, count: int) -> None:
    if name != _ITEMS:
        escaped = name.replace("~", "~0").replace("/", "~1")
        reason = f"is no field of a list: it has `{_ITEMS}` only; `collection` and others are query parameters"
        raise _refusal(repr(name), reason, f"/{escaped}")
    if count > 1:
        raise _refusal(f"`{_ITEMS}`", "is given twice", f"/{_ITEMS}")


def _refusal(subject: str, reason: str, pointer: str) -> InvalidRequestError:
    return InvalidRequestError(f"{subject} {reason}.", [Fault(reason, pointer=pointer)])


def _reason(error: ValueError) -> str:
    """The first line of the parser's message, which may be bytes."""
    message = error.args[0] if error.args else ""
    text = message.decode("utf-8", "backslashreplace") if isinstance(message, bytes) else str(error)
    return text.strip().partition("\n")[0]
