"""A house, a tree, a tent, a hot-air balloon, an umbrella."""

import math
from random import Random

from embedded.scenes.brush import Brush
from embedded.scenes.colour import RGB, WHITE, Paint, mix
from embedded.scenes.flora import broadleaf

ROOF: RGB = (96, 86, 92)
PANE: RGB = (255, 228, 150)
POLE: RGB = (176, 150, 116)


def paint_house(brush: Brush, paint: Paint, rng: Random) -> None:
    """A house with walls in the scene's colour, a slate roof, a chimney, a door and windows."""
    brush.box(0.24, 0.7, 0.36, 0.99, (142, 92, 78))
    brush.box(-0.5, 0.0, 0.5, 0.6, paint.base)
    brush.box(0.2, 0.0, 0.5, 0.6, mix(paint.base, paint.dark, 0.5))
    brush.polygon([(-0.61, 0.56), (-0.3, 0.93), (0.3, 0.93), (0.61, 0.56)], ROOF)
    for row in range(3):
        y = 0.64 + row * 0.09
        brush.line([(-0.54 + row * 0.075, y), (0.54 - row * 0.075, y)], 0.01, mix(ROOF, WHITE, 0.18))
    brush.box(-0.6, 0.53, 0.6, 0.57, mix(ROOF, WHITE, 0.7))
    brush.box(-0.08, 0.0, 0.11, 0.36, (98, 64, 46), radius=0.02)
    brush.oval(0.07, 0.17, 0.014, 0.014, (232, 200, 100))
    for left in (-0.42, 0.2):
        brush.box(left - 0.015, 0.185, left + 0.235, 0.435, mix(WHITE, ROOF, 0.06))
        brush.box(left, 0.2, left + 0.22, 0.42, PANE)
        brush.line([(left + 0.11, 0.2), (left + 0.11, 0.42)], 0.016, WHITE)
        brush.line([(left, 0.31), (left + 0.22, 0.31)], 0.016, WHITE)
    step = 0.12 + rng.uniform(0, 0.04)
    brush.box(-step, 0.0, step + 0.03, 0.03, (186, 182, 176))


def paint_tree(brush: Brush, paint: Paint, rng: Random) -> None:
    """A broad tree whose crown has the scene's colour."""
    broadleaf(brush, rng, paint.base)


def paint_tent(brush: Brush, paint: Paint, rng: Random) -> None:
    """A ridge tent, its entrance open."""
    peak = (-0.22, 1.0)
    brush.polygon([(-0.22, 1.0), (0.5, 0.93), (0.84, 0.0), (0.3, 0.0)], paint.dark)
    brush.polygon([(-0.8, 0.0), peak, (0.34, 0.0)], paint.base)
    brush.polygon([(-0.8, 0.0), peak, (-0.5, 0.0)], paint.light)
    flap = 0.12 + rng.uniform(0, 0.08)
    brush.polygon([(-0.26 - flap, 0.0), (-0.22, 0.74), (-0.18 + flap, 0.0)], (46, 40, 48))
    brush.polygon([(-0.26 - flap, 0.0), (-0.22, 0.74), (-0.34 - flap, 0.0)], mix(paint.light, WHITE, 0.3))
    brush.line([peak, (0.5, 0.93)], 0.022, paint.light)
    brush.line([(-0.22, 1.0), (-0.8, 0.0)], 0.018, mix(paint.light, WHITE, 0.4))
    brush.line([(0.5, 0.93), (0.86, 0.3), (0.95, 0.0)], 0.012, POLE)


def paint_balloon(brush: Brush, paint: Paint, rng: Random) -> None:
    """A hot-air balloon with pale gores and a basket."""
    pale = mix(paint.light, WHITE, 0.5)
    brush.line([(-0.13, 0.33), (-0.065, 0.15)], 0.012, POLE)
    brush.line([(0.13, 0.33), (0.065, 0.15)], 0.012, POLE)
    envelope = [(0.0, 0.27), (-0.12, 0.31), (-0.3, 0.52), (-0.34, 0.72), (-0.2, 0.94), (0.0, 1.0)]
    mirrored = [(-x, y) for x, y in reversed(envelope[1:-1])]
    brush.shape([*envelope, *mirrored], paint.base)
    gore = 0.17 + rng.uniform(-0.02, 0.02)
    for outer, inner in ((-gore - 0.05, -gore + 0.04), (gore - 0.04, gore + 0.05)):
        brush.shape(
            [(outer * 0.35, 0.29), (outer * 1.1, 0.66), (0.0, 0.99), (inner * 1.1, 0.66), (inner * 0.4, 0.29)], pale
        )
    brush.shape([(0.08, 0.29), (0.27, 0.52), (0.31, 0.72), (0.19, 0.92), (0.29, 0.7), (0.21, 0.5)], paint.dark)
    brush.oval(-0.17, 0.78, 0.04, 0.09, paint.light)
    brush.box(-0.1, 0.28, 0.1, 0.315, paint.dark)
    brush.box(-0.075, 0.0, 0.075, 0.15, (150, 104, 62), radius=0.02)
    brush.box(-0.085, 0.125, 0.085, 0.16, (110, 74, 46), radius=0.01)


def paint_umbrella(brush: Brush, paint: Paint, rng: Random) -> None:
    """A large open umbrella standing on its pole, every other panel paler."""
    brush.line([(0.0, 0.0), (0.0, 0.96)], 0.035, POLE)
    tip, rim, tilt = (0.0, 0.98), 0.6, rng.uniform(-0.02, 0.02)
    edges = [-0.54 + index * 0.18 for index in range(7)]
    for index in range(6):
        left, right = edges[index], edges[index + 1]
        colour = paint.base if index % 2 == 0 else mix(paint.base, paint.light, 0.8)
        rib_left, rib_right = _rib(tip, left, rim + tilt), _rib(tip, right, rim + tilt)
        sag = ((left + right) / 2, rim + tilt + 0.05)
        brush.polygon([*rib_left, sag, *reversed(rib_right)], colour)
    for x in edges[1:-1]:
        brush.line(_rib(tip, x, rim + tilt), 0.012, paint.dark)
    brush.line([(0.0, 0.96), (0.0, 1.0)], 0.045, paint.dark)


def _rib(tip: tuple[float, float], x: float, rim: float) -> list[tuple[float, float]]:
    """A rib bulging outward from the tip down to the rim."""
    steps = [index / 6 for index in range(7)]
    return [(x * math.sin(t * math.pi / 2), tip[1] - (tip[1] - rim) * (1 - math.cos(t * math.pi / 2))) for t in steps]


__all__ = ["paint_balloon", "paint_house", "paint_tent", "paint_tree", "paint_umbrella"]
