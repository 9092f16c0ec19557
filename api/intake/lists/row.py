"""A row of a list: an item, or the reason why it is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from shared.domain.items import Failure, Item
from shared.errors import Fault

Code = Literal["bad_url", "bad_row", "duplicate_id"]

# Of a bad row, this much of its id and URL is kept with the failed item.
_KEPT_CHARACTERS = 1024


class Place(NamedTuple):
    """Where an item is in its request: its position, from 0, and its line, from 1, if it has one."""

    position: int
    line: int | None = None
    array: str | None = None
    """The JSON pointer of the array that holds it, empty for a bare array; None if the list is no JSON array."""

    @property
    def pointer(self) -> str:
        """The JSON pointer of the item in the body; of a list of lines, its position from 0."""
        return f"{self.array or ''}/{self.position}"

    def __str__(self) -> str:
        if self.line is not None:
            return f"line {self.line} (item {self.position})"
        return f"items[{self.position}]" if self.array is not None else f"item {self.position}"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no item, with at least one fault. `is_syntax`: it cannot be parsed at all.

    `photo_id` and `url` are as listed, empty if they could not be read.
    """

    place: Place
    code: Code
    faults: Sequence[Fault]
    is_syntax: bool = False
    photo_id: str = ""
    url: str = ""

    def message(self) -> str:
        """The first fault, with its place."""
        fault = self.faults[0]
        field = f" {fault.column}:" if fault.column else ""
        hint = f" {fault.hint}" if fault.hint else ""
        return f"{self.place}:{field} {fault.message}.{hint}"

    def failure(self) -> Failure:
        """The failed item. It was never attempted, so its attempts are 0."""
        return Failure(Item(_kept(self.photo_id), _kept(self.url), {}), self.code, self.message(), 0)


class Row(NamedTuple):
    """One row and its place."""

    place: Place
    found: Item | BadRow


def _kept(text: str) -> str:
    """The beginning of a text, without what UTF-8 cannot express."""
    return text[:_KEPT_CHARACTERS].encode("utf-8", "backslashreplace").decode()
