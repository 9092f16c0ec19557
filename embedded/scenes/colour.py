"""Colour arithmetic, and the paint that each colour word stands for."""

from dataclasses import dataclass

RGB = tuple[int, int, int]
RGBA = tuple[int, int, int, int]

WHITE: RGB = (255, 255, 255)
INK: RGB = (26, 28, 38)

PAINTS: dict[str, RGB] = {
    "red": (214, 36, 40),
    "orange": (245, 130, 22),
    "yellow": (250, 212, 30),
    "green": (36, 160, 66),
    "blue": (34, 92, 214),
    "purple": (136, 50, 176),
    "white": (244, 244, 240),
    "black": (42, 42, 50),
}


@dataclass(frozen=True, slots=True)
class Paint:
    """A colour with the two shades that give a shape its body."""

    base: RGB
    dark: RGB
    light: RGB


def paint_of(colour: str) -> Paint:
    """The paint for a colour word."""
    base = PAINTS[colour]
    return Paint(base, mix(base, (24, 18, 48), 0.28), mix(base, WHITE, 0.28))


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """`first` moved towards `second` by `share` (0 to 1)."""
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )


def multiply(colour: RGB, tint: tuple[float, float, float]) -> RGB:
    """`colour` under a light of the given tint, each channel clipped to 255."""
    return (
        min(255, round(colour[0] * tint[0])),
        min(255, round(colour[1] * tint[1])),
        min(255, round(colour[2] * tint[2])),
    )


def with_alpha(colour: RGB, alpha: int) -> RGBA:
    """`colour` with an opacity of 0 to 255."""
    return (*colour, alpha)
