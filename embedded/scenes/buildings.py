"""Background buildings, drawn in view units."""

from embedded.scenes.brush import Point
from embedded.scenes.colour import RGB, mix
from embedded.scenes.landscape import window_colour
from embedded.scenes.view import View

SHADE: RGB = (20, 24, 44)


def tower(view: View, foot: Point, width: float, height: float, *, wall: RGB, depth: float) -> None:
    """A block of flats or offices with rows of windows; `foot` is its lower left corner."""
    brush, (x, base) = view.brush, foot
    top = base - height
    brush.box(x, top, x + width, base, view.tone(wall, depth))
    brush.box(x + width * 0.72, top, x + width, base, view.tone(mix(wall, SHADE, 0.25), depth))
    if view.rng.random() < 0.4:
        brush.line([(x + width * 0.4, top), (x + width * 0.4, top - 11)], 1.0, view.tone(wall, depth))
    columns = max(2, round(width / 8))
    gap = width / columns
    for row in range(round(height / 9)):
        for column in range(columns):
            left, upper = x + (column + 0.28) * gap, top + 4 + row * 9
            brush.box(left, upper, left + gap * 0.46, upper + 4.6, window_colour(view, 0.5))


def cottage(view: View, foot: Point, width: float, *, wall: RGB, roof: RGB, depth: float) -> None:
    """A small house with a pitched roof; `foot` is its lower left corner."""
    brush, (x, base), height = view.brush, foot, width * 0.52
    top, peak = base - height, base - height - width * 0.42
    brush.box(x, top, x + width, base, view.tone(wall, depth))
    brush.box(x + width * 0.74, peak + 2, x + width * 0.86, top, view.tone((124, 78, 64), depth))
    eaves = width * 0.08
    brush.polygon(
        [(x - eaves, top), (x + width * 0.2, peak), (x + width * 0.8, peak), (x + width + eaves, top)],
        view.tone(roof, depth),
    )
    brush.box(x + width * 0.42, base - height * 0.62, x + width * 0.58, base, view.tone((84, 58, 44), depth))
    for left in (0.12, 0.7):
        pane = window_colour(view, 0.8)
        brush.box(x + width * left, top + height * 0.25, x + width * (left + 0.18), top + height * 0.62, pane)


def church(view: View, x: float, base: float, height: float, depth: float) -> None:
    """A church tower with a pointed spire and a nave next to it."""
    brush, width = view.brush, height * 0.22
    wall, roof = view.tone((222, 212, 196), depth), view.tone((86, 92, 112), depth)
    brush.box(x, base - height * 0.36, x + width * 2.9, base, wall)
    nave = base - height * 0.36
    brush.polygon(
        [
            (x, nave),
            (x + width * 0.9, nave - height * 0.2),
            (x + width * 2.2, nave - height * 0.2),
            (x + width * 3.1, nave),
        ],
        roof,
    )
    brush.box(x, base - height * 0.62, x + width, base, wall)
    brush.polygon(
        [(x - 2, base - height * 0.62), (x + width / 2, base - height), (x + width + 2, base - height * 0.62)], roof
    )
    brush.box(x + width * 0.35, base - height * 0.55, x + width * 0.65, base - height * 0.42, window_colour(view))


def street_lamp(view: View, x: float, base: float, height: float) -> None:
    """A lamp post that glows when lamps are on."""
    post = view.tone((56, 60, 68))
    view.brush.line([(x, base), (x, base - height)], 2.0, post)
    view.brush.line([(x, base - height), (x + 8, base - height - 2)], 1.6, post)
    if view.light.lamps:
        view.glow(x + 9, base - height, 26, (255, 214, 130), 0.7)
    view.brush.oval(x + 9, base - height, 3.4, 2.2, (255, 240, 190) if view.light.lamps else post)
