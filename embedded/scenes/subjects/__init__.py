"""Painters of subjects by name, with the size that each is drawn at.

A painter draws in daylight colours on a brush whose origin is the middle of the foot, unit the subject's
height, y axis up. The scene's colour is the coat of a person, the fur of an animal, the body of a thing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from embedded.scenes.brush import Brush
from embedded.scenes.colour import Paint
from embedded.scenes.subjects.animals import paint_bird, paint_cat, paint_dog, paint_horse
from embedded.scenes.subjects.people import paint_man, paint_woman
from embedded.scenes.subjects.things import paint_balloon, paint_house, paint_tent, paint_tree, paint_umbrella
from embedded.scenes.subjects.vehicles import paint_bicycle, paint_boat, paint_bus, paint_car


@dataclass(frozen=True, slots=True)
class Subject:
    """How to draw a subject: `height` in scene units, `half_width` in heights, `floats` above the ground."""

    paint: Callable[[Brush, Paint, Random], None]
    height: float
    half_width: float
    floats: float = 0.0


SUBJECT_PAINTERS: dict[str, Subject] = {
    "man": Subject(paint_man, 150, 0.24),
    "woman": Subject(paint_woman, 146, 0.27),
    "dog": Subject(paint_dog, 104, 0.72),
    "cat": Subject(paint_cat, 112, 0.46),
    "horse": Subject(paint_horse, 142, 0.66),
    "bird": Subject(paint_bird, 104, 0.62),
    "boat": Subject(paint_boat, 138, 0.5),
    "house": Subject(paint_house, 136, 0.62),
    "car": Subject(paint_car, 88, 1.22),
    "bus": Subject(paint_bus, 118, 0.92),
    "bicycle": Subject(paint_bicycle, 112, 0.86),
    "tree": Subject(paint_tree, 158, 0.44),
    "tent": Subject(paint_tent, 108, 0.86),
    "balloon": Subject(paint_balloon, 150, 0.38, floats=52),
    "umbrella": Subject(paint_umbrella, 138, 0.56),
}
