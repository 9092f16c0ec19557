"""Makes text from any source safe for a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """Replace control characters and line breaks by spaces."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
