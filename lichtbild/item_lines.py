"""Items of an ingest as lines of NDJSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from datetime import date, time
from typing import Any

from lichtbild.errors import InvalidItem

Item = Mapping[str, Any] | str | tuple[str, str] | tuple[str, str, Mapping[str, Any]]

_FORMS = "an item is {'photo_id': …, 'url': …}, (photo_id, url), (photo_id, url, attributes), or a URL"
_SHOWN_LENGTH = 60


def lines(items: Iterable[Item], on_sent: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """One line per item; `on_sent` gets the number of items so far. Raises InvalidItem, which names the item."""
    for number, item in enumerate(items, start=1):
        yield _line(number, item)
        if on_sent is not None:
            on_sent(number)


async def async_lines(items: AsyncIterable[Item], on_sent: Callable[[int], None] | None = None) -> AsyncIterator[bytes]:
    """The same from an async iterable."""
    number = 0
    async for item in items:
        number += 1
        yield _line(number, item)
        if on_sent is not None:
            on_sent(number)


def _line(number: int, item: Item) -> bytes:
    try:
        return json.dumps(_as_object(item), allow_nan=False, separators=(",", ":"), default=_plain).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise InvalidItem(f"Item {number} ({_label(item)}) cannot be sent: {error}.") from None


def _as_object(item: Item) -> Mapping[str, Any]:
    """Raises TypeError for anything that is not an item."""
    if isinstance(item, Mapping):
        return item
    if isinstance(item, str) and item.lower().startswith(("http://", "https://")):
        return {"url": item}
    if isinstance(item, (tuple, list)) and len(item) in (2, 3):
        return dict(zip(("photo_id", "url", "attributes"), item, strict=False))
    raise TypeError(_FORMS)


def _plain(value: Any) -> Any:
    """The JSON form of a date, a time, or a NumPy scalar. Raises TypeError for other values."""
    if isinstance(value, (date, time)):
        return value.isoformat()
    scalar = getattr(value, "item", None)
    if scalar is None or getattr(value, "shape", ()) != ():
        raise TypeError(f"{value!r} is a {type(value).__name__}, which has no form in JSON")
    return scalar()


def _label(item: Any) -> str:
    """The item's id, or else its beginning."""
    found = item.get("photo_id", item.get("id")) if isinstance(item, Mapping) else item
    if isinstance(item, (tuple, list)) and item:
        found = item[0]
    text = repr(found)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"
