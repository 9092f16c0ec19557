"""What a collection's attributes are: their names, kinds, most frequent values and ranges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.domain.documented import Documented
from shared.domain.filters import Scalar

AttributeKind = Literal["text", "number", "boolean", "list", "object"]


@dataclass(frozen=True, slots=True)
class ValueCount(Documented):
    """A value of an attribute, and the number of counted photos that have it."""

    value: Scalar
    """The value itself."""
    photos: int
    """Counted photos that have it."""


@dataclass(frozen=True, slots=True)
class AttributeCounts(Documented):
    """One attribute. Kinds are as in filters: a text that is a number, `true` or `false` counts as that; null counts as
    missing."""

    name: str
    """Its name, as a filter names it."""
    kind: AttributeKind
    """The most frequent kind."""
    photos: int
    """Counted photos that have the attribute."""
    kinds: Mapping[AttributeKind, int]
    """Counted photos by the kind of their value."""
    distinct_values: int
    """Different values; of lists, different entries; objects are not compared."""
    values: Sequence[ValueCount]
    """The most frequent values, at most 20; of lists, their entries. As an operand of `eq`, a value finds these photos;
    true and false also find 1, 0, `t` and `f`. Values of more than 200 bytes, and objects, are left out."""
    min: float | None = None
    """The smallest number."""
    max: float | None = None
    """The largest number."""


@dataclass(frozen=True, slots=True)
class CollectionAttributes(Documented):
    """The attributes of a collection's photos, counted in all of them or, if they are many, in a sample."""

    collection: str
    """The name of the collection."""
    photos: int
    """Photos in the collection."""
    sampled_photos: int
    """Photos that were examined: all if there are fewer than 20,000, else a sample of some 10,000 to 20,000. Then all
    counts are those in the sample, and rare values may be missing. It stays the same until photos are written."""
    matching_photos: int
    """Examined photos that match the filter: all counts are of these."""
    attributes: Sequence[AttributeCounts]
    """The most frequent attributes, at most 100; those that most photos have come first. Attributes whose name has more
    than 256 bytes are left out."""
    has_more: bool
    """Whether there are further attributes."""
