"""Elements that several places share: ridges, water with reflections, scattered tufts, lit windows."""

from collections.abc import Callable
from itertools import pairwise
from random import Random

from PIL import Image

from embedded.scenes.brush import Point
from embedded.scenes.colour import RGB, mix, with_alpha
from embedded.scenes.view import HEIGHT, WIDTH, View

LAMP: RGB = (255, 214, 120)


def ridge(rng: Random, base: float, height: float, roughness: float = 0.5, steps: int = 5) -> list[Point]:
    """The skyline of hills by midpoint displacement, left to right, between base - height and base."""
    heights = [rng.uniform(0.2, 0.9) for _ in range(4)]
    swing = 0.45
    for _ in range(steps):
        swing *= roughness
        finer = []
        for left, right in pairwise(heights):
            finer += [left, (left + right) / 2 + rng.uniform(-swing, swing)]
        heights = [*finer, heights[-1]]
    step = WIDTH / (len(heights) - 1)
    return [(index * step, base - height * min(1.0, max(0.0, level))) for index, level in enumerate(heights)]


def land(view: View, skyline: list[Point], colour: RGB, depth: float) -> None:
    """Fills everything below a skyline."""
    view.brush.polygon([*skyline, (WIDTH, HEIGHT), (0, HEIGHT)], view.tone(colour, depth))


def ground(view: View, top: float, far: RGB, near: RGB) -> None:
    """Ground from `top` to the lower edge, hazier towards the horizon."""
    view.gradient(top, HEIGHT, [view.tone(far, 0.5), view.tone(mix(far, near, 0.6), 0.15), view.tone(near)])


def water(view: View, top: float, bottom: float, colour: RGB, mirror: float) -> None:
    """Water between two heights that mirrors what is painted above `top` with the given strength (0 to 1)."""
    view.gradient(top, bottom, [view.tone(colour, 0.55), view.tone(colour, 0.1)])
    _reflect(view, top, bottom, mirror)
    _ripples(view, top, bottom)
    if view.time in ("sunset", "night", "day"):
        _glitter(view, top, bottom)


def _reflect(view: View, top: float, bottom: float, mirror: float) -> None:
    scale = view.scale
    upper, lower = round(top * scale), round(bottom * scale)
    reach = min(upper, round((lower - upper) * 1.5))
    above = view.image.crop((0, upper - reach, view.image.width, upper))
    flipped = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((above.width, lower - upper))
    area = (0, upper, view.image.width, lower)
    view.image.paste(Image.blend(view.image.crop(area), flipped, mirror), (0, upper))


def _ripples(view: View, top: float, bottom: float) -> None:
    rng = view.rng
    for _ in range(70):
        share = rng.random() ** 1.5
        x, y, half = rng.uniform(0, WIDTH), top + 1 + share * (bottom - top - 2), 4 + 20 * share * rng.random()
        bright = rng.random() < 0.5
        colour = mix(view.light.sky_low, (255, 255, 255), 0.3) if bright else view.tone((20, 60, 100))
        view.brush.line([(x - half, y), (x + half, y)], 0.5 + share, with_alpha(colour, 60 if bright else 70))


def _glitter(view: View, top: float, bottom: float) -> None:
    rng, colour = view.rng, {"sunset": (255, 214, 140), "night": (206, 216, 250), "day": (255, 255, 255)}[view.time]
    strength = 110 if view.time == "day" else 190
    for _ in range(46):
        share = rng.random()
        y = top + share * (bottom - top)
        x = view.sun_x + rng.gauss(0, 3 + 13 * share)
        half = rng.uniform(1.5, 4 + 6 * share)
        view.brush.line([(x - half, y), (x + half, y)], 0.8 + share * 0.6, with_alpha(colour, strength))


def scatter(view: View, top: float, count: int, mark: Callable[[float, float, float], None]) -> None:
    """Calls `mark(x, y, size)` over the ground below `top`, farther marks smaller, far before near."""
    rng = view.rng
    spots = sorted((top + (HEIGHT - top) * rng.random() ** 1.4, rng.uniform(-5, WIDTH + 5)) for _ in range(count))
    for y, x in spots:
        mark(x, y, 0.35 + 0.65 * (y - top) / (HEIGHT - top))


def tufts(view: View, top: float, count: int, colour: RGB, height: float = 5.0) -> None:
    """Blades of grass."""

    def tuft(x: float, y: float, size: float) -> None:
        shade = view.tone(mix(colour, (0, 30, 0), view.rng.uniform(0, 0.35)), 0.3 * (1 - size))
        for lean in (-0.45, 0.05, 0.5):
            tip = (x + lean * height * size, y - height * size)
            view.brush.polygon([(x - 0.9 * size, y), tip, (x + 0.9 * size, y)], shade)

    scatter(view, top, count, tuft)


def window_colour(view: View, chance: float = 0.6) -> RGB:
    """A window pane: lit with the given chance when lamps are on, else dark glass."""
    if view.light.lamps and view.rng.random() < chance:
        return mix(LAMP, (255, 170, 70), view.rng.uniform(0, 0.5))
    return view.tone((70, 86, 104), 0.2)
