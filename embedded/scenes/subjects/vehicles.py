"""A sailing boat, a car, a bus and a bicycle, from the side."""

import math
from random import Random

from embedded.scenes.brush import Brush
from embedded.scenes.colour import RGB, WHITE, Paint, mix

TYRE: RGB = (36, 36, 42)
RIM: RGB = (196, 200, 206)
GLASS: RGB = (168, 206, 226)
WOOD: RGB = (126, 88, 56)


def paint_boat(brush: Brush, paint: Paint, rng: Random) -> None:
    """A sailing boat: coloured hull and sails on a mast."""
    brush.line([(-0.02, 0.2), (-0.02, 1.0)], 0.022, WOOD)
    belly = rng.uniform(0.02, 0.07)
    brush.shape([(0.01, 0.94), (0.2 + belly, 0.6), (0.38, 0.29), (0.2, 0.265), (0.01, 0.275), (0.01, 0.6)], paint.light)
    brush.polygon([(0.01, 0.66), (0.185 + belly, 0.66), (0.26 + belly, 0.5), (0.01, 0.5)], paint.base)
    brush.shape([(-0.05, 0.88), (-0.06, 0.55), (-0.05, 0.275), (-0.22, 0.265), (-0.36, 0.28), (-0.2, 0.52)], paint.base)
    brush.polygon([(-0.02, 1.0), (0.12, 0.97), (-0.02, 0.94)], paint.dark)
    brush.polygon([(-0.48, 0.21), (0.48, 0.24), (0.36, 0.02), (0.27, 0.0), (-0.3, 0.0), (-0.38, 0.03)], paint.base)
    brush.polygon([(-0.41, 0.09), (0.4, 0.1), (0.36, 0.02), (0.27, 0.0), (-0.3, 0.0), (-0.38, 0.03)], paint.dark)
    brush.line([(-0.48, 0.215), (0.48, 0.242)], 0.026, mix(paint.light, WHITE, 0.5))
    for x in (-0.22, -0.08, 0.06, 0.2):
        brush.oval(x, 0.15, 0.02, 0.02, mix(paint.light, WHITE, 0.6))


def paint_car(brush: Brush, paint: Paint, rng: Random) -> None:
    """A small saloon car."""
    roof = rng.uniform(0.96, 1.0)
    cabin = [(-0.78, 0.52), (-0.6, 0.86), (-0.4, roof), (0.16, roof), (0.38, 0.86), (0.62, 0.54), (0.0, 0.48)]
    brush.shape(cabin, paint.base)
    brush.polygon([(-0.62, 0.57), (-0.47, 0.88), (-0.13, 0.9), (-0.13, 0.57)], GLASS)
    brush.polygon([(-0.06, 0.57), (-0.06, 0.9), (0.17, 0.88), (0.46, 0.57)], GLASS)
    brush.polygon([(0.02, 0.9), (0.12, 0.89), (0.3, 0.57), (0.18, 0.57)], mix(GLASS, WHITE, 0.5))
    body = [(-1.16, 0.3), (-1.12, 0.52), (-0.8, 0.6), (0.0, 0.59), (0.62, 0.58), (1.04, 0.48), (1.18, 0.32)]
    brush.shape([*body, (1.12, 0.16), (0.0, 0.14), (-1.1, 0.16)], paint.base)
    brush.box(-1.12, 0.15, 1.12, 0.25, paint.dark)
    brush.line([(-1.08, 0.5), (-0.6, 0.55), (0.6, 0.53), (1.0, 0.45)], 0.035, paint.light)
    brush.line([(-0.09, 0.22), (-0.09, 0.56)], 0.018, paint.dark)
    brush.box(-0.04, 0.44, 0.1, 0.475, paint.dark)
    brush.oval(1.1, 0.36, 0.07, 0.055, (255, 244, 196))
    brush.oval(-1.13, 0.4, 0.04, 0.06, (206, 40, 44))
    for x in (-0.68, 0.7):
        _wheel(brush, x, 0.2, 0.21)


def paint_bus(brush: Brush, paint: Paint, rng: Random) -> None:
    """A single-deck bus with a row of windows."""
    brush.box(-0.9, 0.12, 0.9, 1.0, paint.base, radius=0.09)
    brush.box(-0.9, 0.12, 0.9, 0.25, paint.dark, radius=0.04)
    brush.box(-0.86, 0.93, 0.86, 0.98, paint.light, radius=0.02)
    for index in range(5):
        left = -0.82 + index * 0.28
        brush.box(left, 0.55, left + 0.23, 0.86, GLASS, radius=0.03)
        brush.polygon(
            [(left + 0.05, 0.86), (left + 0.11, 0.86), (left + 0.05, 0.56), (left, 0.56)], mix(GLASS, WHITE, 0.5)
        )
    brush.box(0.58, 0.18, 0.72, 0.86, mix(GLASS, (60, 80, 100), 0.35), radius=0.02)
    brush.box(0.76, 0.5, 0.9, 0.88, GLASS, radius=0.04)
    brush.box(-0.88, 0.41, 0.55, 0.46, mix(paint.light, WHITE, 0.45))
    brush.oval(0.85, 0.31, 0.045, 0.05, (255, 244, 196))
    brush.box(0.5 - rng.uniform(0.0, 0.1), 0.9, 0.84, 0.96, (40, 40, 46), radius=0.02)
    for x in (-0.54, 0.42):
        _wheel(brush, x, 0.16, 0.165)


def paint_bicycle(brush: Brush, paint: Paint, rng: Random) -> None:
    """A city bicycle with a stout frame, mudguards and a basket."""
    back, front, crank = (-0.5, 0.34), (0.5, 0.34), (-0.06, 0.33)
    for x, y in (back, front):
        brush.ring(x, y, 0.34, 0.055, TYRE)
        brush.ring(x, y, 0.285, 0.03, RIM)
        for index in range(8):
            angle = index * math.pi / 4
            brush.line([(x, y), (x + 0.28 * math.cos(angle), y + 0.28 * math.sin(angle))], 0.008, RIM)
        guard = [(x + 0.37 * math.cos(a), y + 0.37 * math.sin(a)) for a in (2.7, 2.3, 1.9, 1.5, 1.1, 0.7)]
        brush.limb(guard, [0.05] * len(guard), paint.base)
    seat, head = (-0.24, 0.78), (0.33, 0.8)
    for start, end in ((back, crank), (back, seat), (crank, seat), (crank, head), (seat, head), (head, front)):
        brush.limb([start, end], [0.075, 0.075], paint.base)
    brush.line([(-0.22, 0.74), (0.3, 0.76)], 0.022, paint.light)
    brush.oval(*crank, 0.11, 0.11, paint.dark)
    brush.line([(crank[0] - 0.04, 0.16), (crank[0] + 0.05, 0.48)], 0.03, TYRE)
    brush.limb([(-0.38, 0.87), (-0.16, 0.865)], [0.09, 0.06], (70, 46, 34))
    brush.line([seat, (-0.26, 0.86)], 0.035, RIM)
    brush.limb([head, (0.31, 0.97), (0.22, 0.99)], [0.04, 0.035, 0.045], (60, 60, 66))
    brush.polygon([(0.42, 0.9), (0.72, 0.9), (0.67, 0.7), (0.46, 0.7)], (180 + rng.randint(-12, 12), 138, 84))


def _wheel(brush: Brush, x: float, y: float, radius: float) -> None:
    brush.oval(x, y, radius, radius, TYRE)
    brush.oval(x, y, radius * 0.58, radius * 0.58, RIM)
    brush.oval(x, y, radius * 0.2, radius * 0.2, (120, 124, 130))


__all__ = ["paint_bicycle", "paint_boat", "paint_bus", "paint_car"]
