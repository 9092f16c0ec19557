"""Text from anywhere, made fit to be shown."""

from __future__ import annotations


def printable(text: str) -> str:
    """Without what a terminal would obey, and without line breaks."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
