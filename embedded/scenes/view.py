"""The canvas of a picture, with its light, its random numbers and its fixed size in scene units."""

from dataclasses import dataclass
from random import Random

from PIL import Image

from embedded.scenes.brush import Brush
from embedded.scenes.colour import RGB
from embedded.scenes.light import Light

WIDTH = 384
HEIGHT = 288
CENTRE = WIDTH / 2
"""Subjects stay within HEIGHT / 2 of the centre: a model's processor crops the middle square."""


SHALLOWS = 20
"""Units of water between a boat and the shore nearest to us, where its reflection ends."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where subjects go: the y of their feet on the ground, and of a boat's waterline if there is water."""

    ground: float
    water: float | None = None


class View:
    """The argument of every place painter. `brush` draws in units of WIDTH x HEIGHT with y pointing down."""

    def __init__(self, light: Light, time: str, rng: Random, scale: int) -> None:
        self.image = Image.new("RGB", (WIDTH * scale, HEIGHT * scale))
        self.scale = scale
        self.brush = Brush(self.image, (0.0, 0.0), (scale, scale))
        self.light = light
        self.time = time
        self.rng = rng
        self.horizon = rng.uniform(126, 142)
        self.sun_x = CENTRE + rng.uniform(-105, 105)

    def tone(self, colour: RGB, depth: float = 0.0) -> RGB:
        """A daylight colour as it looks in this picture's light at `depth`."""
        return self.light.tone(colour, depth)

    def gradient(self, top: float, bottom: float, stops: list[RGB]) -> None:
        """Fills the full width between two heights with colours blending from top to bottom."""
        strip = Image.new("RGB", (1, len(stops)))
        strip.putdata(stops)
        size = (self.image.width, max(1, round((bottom - top) * self.scale)))
        inset = (0, 0.5, 1, len(stops) - 0.5)
        self.image.paste(strip.resize(size, Image.Resampling.BILINEAR, box=inset), (0, round(top * self.scale)))

    def glow(self, x: float, y: float, radius: float, colour: RGB, strength: float) -> None:
        """A soft disc of light, strongest in its middle."""
        side = max(2, round(2 * radius * self.scale))
        left, top = round((x - radius) * self.scale), round((y - radius) * self.scale)
        self.image.paste(colour, (left, top), _disc(side, strength))

    def pool(self, x: float, y: float, rx: float, ry: float, *, colour: RGB, strength: float) -> None:
        """Light falling on the ground: a flattened glow."""
        size = (max(2, round(2 * rx * self.scale)), max(2, round(2 * ry * self.scale)))
        mask = _disc(256, strength).resize(size, Image.Resampling.BILINEAR)
        self.image.paste(colour, (round((x - rx) * self.scale), round((y - ry) * self.scale)), mask)


def _disc(side: int, strength: float) -> Image.Image:
    """An 'L' mask that falls off quadratically from `strength` (0 to 1) in the middle to nothing at the edge."""
    falloff = [round(strength * 255 * max(0.0, 1 - distance / 181) ** 2) for distance in range(256)]
    return Image.radial_gradient("L").point(falloff).resize((side, side), Image.Resampling.BILINEAR)
