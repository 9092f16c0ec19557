"""A dog, a horse and a bird from the side, a cat sitting."""

from random import Random

from embedded.scenes.brush import Brush
from embedded.scenes.colour import RGB, WHITE, Paint, mix

EYE: RGB = (24, 22, 26)
NOSE: RGB = (44, 36, 40)


def paint_dog(brush: Brush, paint: Paint, rng: Random) -> None:
    """Standing, hanging ear, raised tail, a collar."""
    tail = 0.86 + rng.uniform(-0.06, 0.1)
    for x in (-0.3, 0.26):
        brush.limb([(x, 0.36), (x - 0.02, 0.18), (x, 0.04)], [0.17, 0.11, 0.1], paint.dark)
    brush.limb([(-0.42, 0.58), (-0.57, 0.7), (-0.6, tail)], [0.13, 0.1, 0.05], paint.base)
    body = [(-0.47, 0.5), (-0.42, 0.64), (-0.15, 0.645), (0.14, 0.67), (0.34, 0.66), (0.38, 0.48), (0.26, 0.33)]
    brush.shape([*body, (-0.02, 0.36), (-0.3, 0.36)], paint.base)
    for x in (-0.38, 0.32):
        brush.limb([(x, 0.42), (x - 0.015, 0.2), (x, 0.045)], [0.2, 0.12, 0.105], paint.base)
        brush.oval(x + 0.03, 0.035, 0.075, 0.035, paint.light)
    brush.shape([(-0.4, 0.58), (-0.1, 0.6), (0.2, 0.62), (0.1, 0.55), (-0.2, 0.53)], paint.light)
    brush.limb([(0.28, 0.6), (0.42, 0.78)], [0.27, 0.23], paint.base)
    brush.limb([(0.27, 0.65), (0.44, 0.62)], [0.05, 0.05], (232, 196, 60) if paint.base[0] < 200 else (60, 80, 160))
    brush.oval(0.43, 0.83, 0.16, 0.155, paint.base)
    brush.limb([(0.47, 0.79), (0.645, 0.755)], [0.18, 0.125], paint.light)
    brush.oval(0.695, 0.78, 0.04, 0.035, NOSE)
    brush.line([(0.55, 0.72), (0.66, 0.715)], 0.014, NOSE)
    brush.oval(0.5, 0.865, 0.03, 0.034, WHITE)
    brush.oval(0.508, 0.865, 0.02, 0.025, EYE)
    brush.shape([(0.3, 0.96), (0.4, 0.97), (0.4, 0.78), (0.31, 0.64), (0.24, 0.72)], paint.dark)


def paint_cat(brush: Brush, paint: Paint, rng: Random) -> None:
    """Sitting upright, pointed ears, whiskers, the tail curled to one side."""
    curl = rng.uniform(0.36, 0.44)
    brush.limb([(0.16, 0.07), (0.36, 0.08), (curl, 0.22), (curl - 0.06, 0.34)], [0.1, 0.1, 0.09, 0.06], paint.dark)
    body = [(-0.27, 0.03), (-0.29, 0.2), (-0.17, 0.44), (-0.13, 0.58), (0.13, 0.58), (0.17, 0.44), (0.29, 0.2)]
    brush.shape([*body, (0.27, 0.03), (0.0, 0.0)], paint.base)
    for side in (-1, 1):
        brush.oval(side * 0.22, 0.12, 0.12, 0.13, paint.dark if side > 0 else paint.base)
    brush.shape([(-0.08, 0.5), (0.08, 0.5), (0.09, 0.3), (0.0, 0.2), (-0.09, 0.3)], paint.light)
    for side in (-1, 1):
        brush.limb([(side * 0.07, 0.36), (side * 0.075, 0.05)], [0.12, 0.1], paint.base)
        brush.oval(side * 0.08, 0.03, 0.07, 0.035, paint.light)
        brush.polygon([(side * 0.2, 0.74), (side * 0.19, 1.0), (side * 0.03, 0.86)], paint.base)
        brush.polygon([(side * 0.17, 0.78), (side * 0.17, 0.94), (side * 0.07, 0.86)], (236, 170, 170))
    brush.oval(0.0, 0.7, 0.225, 0.19, paint.base)
    brush.oval(0.0, 0.63, 0.1, 0.075, paint.light)
    for side in (-1, 1):
        brush.oval(side * 0.09, 0.725, 0.045, 0.05, (206, 226, 110))
        brush.oval(side * 0.09, 0.725, 0.016, 0.045, EYE)
        for rise in (-0.02, 0.02):
            whisker = mix(paint.base, WHITE if sum(paint.base) < 400 else (60, 60, 60), 0.6)
            brush.line([(side * 0.08, 0.635), (side * 0.3, 0.63 + rise * 2)], 0.008, whisker)
    brush.polygon([(-0.03, 0.665), (0.03, 0.665), (0.0, 0.63)], (214, 120, 124))


def paint_horse(brush: Brush, paint: Paint, rng: Random) -> None:
    """Standing in profile with long legs, an arched neck, a darker mane and tail."""
    hair = mix(paint.base, (30, 22, 26), 0.62) if sum(paint.base) > 260 else mix(paint.base, WHITE, 0.32)
    for x, bend in ((-0.27, -0.02), (0.23, 0.03)):
        brush.limb([(x, 0.46), (x + bend, 0.24), (x, 0.05)], [0.13, 0.065, 0.05], paint.dark)
        brush.box(x - 0.04, 0.0, x + 0.04, 0.045, NOSE)
    sway = rng.uniform(-0.04, 0.02)
    tail = [(-0.41, 0.63), (-0.53, 0.56), (-0.55 + sway, 0.38), (-0.53 + sway, 0.22)]
    brush.limb(tail, [0.07, 0.09, 0.1, 0.03], hair)
    body = [(-0.43, 0.54), (-0.4, 0.66), (-0.24, 0.695), (-0.02, 0.66), (0.2, 0.695), (0.34, 0.64), (0.33, 0.5)]
    brush.shape([*body, (0.2, 0.42), (-0.05, 0.40), (-0.28, 0.44)], paint.base)
    for x, bend in ((-0.34, -0.03), (0.3, 0.02)):
        brush.limb([(x, 0.52), (x + bend, 0.26), (x + bend * 0.4, 0.05)], [0.18, 0.08, 0.055], paint.base)
        brush.box(x + bend * 0.4 - 0.045, 0.0, x + bend * 0.4 + 0.045, 0.05, NOSE)
    brush.shape([(-0.36, 0.64), (-0.2, 0.67), (0.16, 0.66), (0.05, 0.6), (-0.2, 0.59)], paint.light)
    brush.limb([(0.24, 0.6), (0.37, 0.76), (0.43, 0.88)], [0.27, 0.19, 0.14], paint.base)
    brush.limb([(0.42, 0.89), (0.53, 0.79), (0.6, 0.71)], [0.14, 0.115, 0.085], paint.base)
    brush.oval(0.605, 0.7, 0.05, 0.045, paint.light)
    brush.oval(0.625, 0.7, 0.01, 0.012, NOSE)
    brush.oval(0.475, 0.875, 0.017, 0.017, EYE)
    for x in (0.4, 0.45):
        brush.polygon([(x - 0.03, 0.93), (x + 0.005, 1.0), (x + 0.03, 0.925)], paint.dark)
    brush.shape([(0.43, 0.96), (0.34, 0.9), (0.22, 0.76), (0.13, 0.66), (0.22, 0.68), (0.32, 0.8), (0.4, 0.9)], hair)


def paint_bird(brush: Brush, paint: Paint, rng: Random) -> None:
    """A round songbird on thin legs: beak, pale belly, folded wing, tail."""
    for x in (-0.06, 0.1):
        brush.line([(x, 0.3), (x + 0.02, 0.02)], 0.035, (196, 128, 50))
        brush.line([(x - 0.05, 0.015), (x + 0.1, 0.015)], 0.03, (196, 128, 50))
    lift = rng.uniform(-0.05, 0.08)
    brush.polygon([(-0.24, 0.42), (-0.62, 0.3 + lift), (-0.6, 0.46 + lift), (-0.26, 0.64)], paint.dark)
    body = [(-0.34, 0.46), (-0.2, 0.68), (0.02, 0.8), (0.22, 0.78), (0.38, 0.6), (0.3, 0.36), (0.06, 0.24)]
    brush.shape([*body, (-0.2, 0.3)], paint.base)
    brush.shape([(0.34, 0.56), (0.3, 0.38), (0.08, 0.27), (-0.1, 0.3), (0.12, 0.46)], mix(paint.light, WHITE, 0.45))
    brush.oval(0.25, 0.82, 0.2, 0.18, paint.base)
    brush.oval(0.22, 0.89, 0.1, 0.06, paint.light)
    brush.polygon([(0.41, 0.86), (0.61, 0.79), (0.41, 0.76)], (244, 178, 44))
    brush.oval(0.32, 0.85, 0.036, 0.04, WHITE)
    brush.oval(0.328, 0.85, 0.024, 0.028, EYE)
    brush.shape([(0.1, 0.64), (-0.04, 0.7), (-0.26, 0.54), (-0.46, 0.38), (-0.16, 0.38), (0.06, 0.46)], paint.dark)
    brush.line([(-0.36, 0.41), (-0.06, 0.48)], 0.02, paint.light)


__all__ = ["paint_bird", "paint_cat", "paint_dog", "paint_horse"]
