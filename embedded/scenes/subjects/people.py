"""A man and a woman, standing, seen from the front."""

from random import Random

from embedded.scenes.brush import Brush
from embedded.scenes.colour import RGB, Paint, mix

SKINS: tuple[RGB, ...] = ((244, 208, 178), (226, 178, 140), (186, 132, 96), (132, 88, 62))
HAIRS: tuple[RGB, ...] = ((58, 40, 30), (104, 68, 40), (186, 138, 74), (40, 36, 38))
TROUSERS: tuple[RGB, ...] = ((64, 70, 92), (92, 80, 70), (84, 88, 94))
SHOE: RGB = (52, 42, 38)
SHADE: RGB = (40, 20, 40)


def paint_man(brush: Brush, paint: Paint, rng: Random) -> None:
    """Short hair, a coat to the hip in the scene's colour, trousers."""
    skin, hair, trousers = rng.choice(SKINS), rng.choice(HAIRS), rng.choice(TROUSERS)
    for side in (-1, 1):
        brush.limb([(side * 0.055, 0.44), (side * 0.065, 0.22), (side * 0.07, 0.03)], [0.115, 0.095, 0.075], trousers)
        brush.shape([(side * 0.04, 0.0), (side * 0.05, 0.05), (side * 0.1, 0.045), (side * 0.14, 0.0)], SHOE)
    wave = rng.random() < 0.3
    for side in (-1, 1):
        _sleeve(brush, side, paint.dark, skin, raised=wave and side == 1)
    coat = [(-0.145, 0.36), (-0.14, 0.6), (-0.165, 0.76), (-0.09, 0.82), (0.09, 0.82), (0.165, 0.76), (0.14, 0.6)]
    brush.shape([*coat, (0.145, 0.36), (0.0, 0.345)], paint.base)
    brush.shape([(-0.12, 0.38), (-0.12, 0.6), (-0.14, 0.75), (-0.09, 0.79), (-0.06, 0.6), (-0.07, 0.38)], paint.light)
    brush.line([(0.01, 0.355), (0.01, 0.8)], 0.012, paint.dark)
    brush.polygon([(-0.05, 0.825), (0.05, 0.825), (0.01, 0.74)], (238, 234, 226))
    brush.limb([(0.0, 0.8), (0.0, 0.86)], [0.075, 0.07], mix(skin, SHADE, 0.2))
    brush.oval(0.0, 0.905, 0.066, 0.08, skin)
    _face(brush, 0.9)
    if rng.random() < 0.4:
        brush.shape([(-0.062, 0.9), (-0.05, 0.835), (0.0, 0.815), (0.05, 0.835), (0.062, 0.9), (0.0, 0.868)], hair)
    crown = [(-0.072, 0.9), (-0.078, 0.96), (-0.03, 1.0), (0.04, 1.0), (0.08, 0.955), (0.072, 0.9), (0.055, 0.945)]
    brush.shape([*crown, (0.0, 0.955), (-0.055, 0.945)], hair)


def paint_woman(brush: Brush, paint: Paint, rng: Random) -> None:
    """Long hair, a long flared coat in the scene's colour with a belt, boots."""
    skin, hair = rng.choice(SKINS), rng.choice(HAIRS)
    for side in (-1, 1):
        brush.limb([(side * 0.05, 0.3), (side * 0.05, 0.12)], [0.07, 0.055], skin)
        brush.limb([(side * 0.05, 0.14), (side * 0.052, 0.03)], [0.066, 0.06], SHOE)
        brush.shape([(side * 0.03, 0.0), (side * 0.03, 0.05), (side * 0.08, 0.045), (side * 0.115, 0.0)], SHOE)
    back = [(-0.1, 0.68), (-0.115, 0.85), (-0.085, 0.98), (0.0, 1.01), (0.085, 0.98), (0.115, 0.85), (0.1, 0.68)]
    brush.shape([*back, (0.0, 0.66)], mix(hair, SHADE, 0.25))
    wave = rng.random() < 0.3
    for side in (-1, 1):
        _sleeve(brush, side, paint.dark, skin, raised=wave and side == 1, shoulder=0.115)
    skirt = [(-0.235, 0.22), (-0.085, 0.58), (-0.125, 0.76), (-0.07, 0.81), (0.07, 0.81), (0.125, 0.76), (0.085, 0.58)]
    brush.shape([*skirt, (0.235, 0.22), (0.0, 0.195)], paint.base)
    brush.shape([(-0.19, 0.24), (-0.07, 0.57), (-0.02, 0.57), (-0.06, 0.225)], paint.light)
    brush.polygon([(0.03, 0.57), (0.16, 0.235), (0.1, 0.22), (0.01, 0.57)], paint.dark)
    brush.box(-0.092, 0.565, 0.092, 0.6, mix(paint.dark, SHADE, 0.45))
    brush.limb([(0.0, 0.79), (0.0, 0.86)], [0.06, 0.06], mix(skin, SHADE, 0.2))
    brush.oval(0.0, 0.895, 0.06, 0.075, skin)
    _face(brush, 0.89)
    brush.shape(
        [(-0.075, 0.84), (-0.08, 0.95), (0.0, 1.0), (0.08, 0.95), (0.075, 0.84), (0.05, 0.935), (-0.02, 0.955)], hair
    )
    for side in (-1, 1):
        brush.limb([(side * 0.07, 0.93), (side * 0.082, 0.82), (side * 0.075, 0.71)], [0.035, 0.05, 0.03], hair)


def _face(brush: Brush, y: float) -> None:
    for side in (-1, 1):
        brush.oval(side * 0.025, y + 0.005, 0.008, 0.011, (44, 34, 34))
    brush.line([(-0.02, y - 0.038), (0.02, y - 0.038)], 0.009, (168, 84, 78))


def _sleeve(brush: Brush, side: int, cloth: RGB, skin: RGB, *, raised: bool, shoulder: float = 0.145) -> None:
    if raised:
        arm = [(side * shoulder, 0.75), (side * (shoulder + 0.075), 0.83), (side * (shoulder + 0.07), 0.97)]
    else:
        arm = [(side * shoulder, 0.75), (side * (shoulder + 0.04), 0.58), (side * (shoulder + 0.03), 0.44)]
    hand = arm[-1]
    brush.oval(hand[0], hand[1] + (0.025 if raised else -0.02), 0.03, 0.034, skin)
    brush.limb(arm, [0.09, 0.075, 0.062], cloth)


__all__ = ["paint_man", "paint_woman"]
