"""The closed vocabulary of the sample scenes: the values of all attributes."""

from typing import Final

PLACES: Final = (
    "beach",
    "mountain",
    "forest",
    "city",
    "desert",
    "lake",
    "meadow",
    "snow",
    "harbour",
    "village",
    "road",
    "garden",
)

TIMES: Final = ("day", "sunset", "night", "rain", "fog")

SUBJECTS: Final = (
    "man",
    "woman",
    "dog",
    "cat",
    "horse",
    "bird",
    "boat",
    "house",
    "car",
    "bus",
    "bicycle",
    "tree",
    "tent",
    "balloon",
    "umbrella",
)

COLOURS: Final = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")

COUNTS: Final = ("one", "two", "three")

ATTRIBUTES: Final = ("place", "time", "subject", "colour", "count")

VALUES: Final[dict[str, tuple[str, ...]]] = {
    "place": PLACES,
    "time": TIMES,
    "subject": SUBJECTS,
    "colour": COLOURS,
    "count": COUNTS,
}

WATER_PLACES: Final = frozenset({"beach", "lake", "harbour"})
"""Places with water, where a boat can be."""
