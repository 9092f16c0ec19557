"""Places by the water: beach, lake, harbour."""

from embedded.scenes.brush import Point
from embedded.scenes.buildings import cottage
from embedded.scenes.colour import RGB, mix, with_alpha
from embedded.scenes.flora import conifer, palm
from embedded.scenes.landscape import land, ridge, scatter, tufts, water
from embedded.scenes.light import vary
from embedded.scenes.view import HEIGHT, SHALLOWS, WIDTH, Stage, View


def paint_beach(view: View) -> Stage:
    """Open sea with surf, sand, a palm at one side, shells and a starfish."""
    rng, brush = view.rng, view.brush
    shore = view.horizon + rng.uniform(56, 66)
    water(view, view.horizon, HEIGHT, (18, 120, 176), 0.25)
    waterline = [(x * WIDTH / 8, shore + rng.uniform(-4, 4)) for x in range(9)]
    for lift, colour in ((0.0, (178, 148, 104)), (6.0, (216, 186, 134)), (13.0, (234, 208, 156))):
        edge = [(x, y + lift) for x, y in waterline]
        brush.polygon([(0, HEIGHT), *edge, (WIDTH, HEIGHT)], view.tone(vary(colour, rng, 5)))
    for lift, width in ((-9.0, 1.4), (-2.0, 2.6), (2.0, 1.6)):
        foam = [(x, y + lift + rng.uniform(-1.5, 1.5)) for x, y in waterline]
        brush.line(foam, width, with_alpha(mix(view.tone((255, 255, 255)), (255, 255, 255), 0.2), 205))

    def pebble(x: float, y: float, size: float) -> None:
        brush.oval(x, y, 1.8 * size, 0.9 * size, view.tone(rng.choice(((196, 164, 112), (250, 232, 196)))))

    scatter(view, shore + 20, 60, pebble)
    left = rng.random() < 0.5
    foot, mirrored = (rng.uniform(14, 34), False) if left else (rng.uniform(350, 370), True)
    palm_brush = brush.at(foot, shore + 34, rng.uniform(125, 150), mirrored=mirrored)
    palm(palm_brush, rng, view.tone((44, 128, 62)), view.tone((132, 98, 66)))
    return Stage(ground=260, water=shore - SHALLOWS)


def paint_lake(view: View) -> Stage:
    """Still water that mirrors wooded hills, a grassy shore with reeds."""
    rng, brush = view.rng, view.brush
    top, shore = view.horizon + 12, view.horizon + 84
    land(view, ridge(rng, top - 10, 66, 0.55), (96, 124, 140), 0.8)
    land(view, ridge(rng, top, 36, 0.5), (58, 112, 72), 0.45)
    for index in range(34):
        x = index * WIDTH / 33 + rng.uniform(-4, 4)
        conifer(brush.at(x, top + 1, rng.uniform(13, 25)), rng, view.tone((34, 84, 56), 0.4))
    water(view, top, HEIGHT, (44, 104, 136), 0.52)
    edge: list[Point] = [(x * WIDTH / 8, shore + rng.uniform(-3, 3)) for x in range(9)]
    brush.polygon([(0, HEIGHT), *edge, (WIDTH, HEIGHT)], view.tone((126, 112, 80)))
    inner = [(x, y + 5) for x, y in edge]
    brush.polygon([(0, HEIGHT), *inner, (WIDTH, HEIGHT)], view.tone(vary((96, 142, 66), rng)))
    tufts(view, shore + 8, 90, (82, 128, 58))
    for side in (rng.uniform(2, 40), rng.uniform(344, 382)):
        _reeds(view, side, shore + 12)
    return Stage(ground=264, water=shore - SHALLOWS)


def _reeds(view: View, x: float, base: float) -> None:
    for _ in range(12):
        foot, height = x + view.rng.uniform(-16, 16), view.rng.uniform(20, 38)
        tip = foot + view.rng.uniform(-4, 4)
        view.brush.line([(foot, base), (tip, base - height)], 1.3, view.tone((92, 118, 58)))
        view.brush.limb([(tip, base - height), (tip, base - height + 8)], [2.8, 2.8], view.tone((104, 68, 42)))


def paint_harbour(view: View) -> Stage:
    """Warehouses and masts across a basin, cranes, a stone quay with bollards."""
    rng, brush = view.rng, view.brush
    top, quay = view.horizon + 10, view.horizon + 84
    for _ in range(2):
        _crane(view, rng.uniform(20, WIDTH - 40), top, rng.uniform(66, 88))
    x = -10.0
    walls: tuple[RGB, ...] = ((178, 92, 74), (206, 184, 150), (120, 136, 150), (198, 148, 96), (150, 76, 70))
    while x < WIDTH:
        width = rng.uniform(34, 54)
        wall = vary(rng.choice(walls), rng)
        cottage(view, (x, top), width, wall=wall, roof=(92, 80, 84), depth=0.35)
        x += width + rng.uniform(0, 5)
    water(view, top, HEIGHT, (30, 84, 108), 0.42)
    for _ in range(6):
        _moored_boat(view, rng.uniform(0, WIDTH), top + rng.uniform(6, 20))
    brush.box(0, quay, WIDTH, quay + 8, view.tone((92, 92, 96)))
    view.gradient(quay + 7, HEIGHT, [view.tone((158, 154, 148)), view.tone((138, 134, 130))])
    for row in range(1, 5):
        y = quay + 7 + row * row * 4.2
        brush.line([(0, y), (WIDTH, y)], 0.8, view.tone((112, 108, 106)))
    for bollard in (30, 354):
        brush.box(bollard - 5, quay - 7, bollard + 5, quay + 9, view.tone((52, 54, 62)), radius=2)
        brush.oval(bollard, quay - 8, 8, 3, view.tone((66, 70, 78)))
    return Stage(ground=264, water=quay - SHALLOWS)


def _crane(view: View, x: float, base: float, height: float) -> None:
    steel = view.tone((206, 116, 52), 0.4)
    top = base - height
    view.brush.line([(x, base), (x, top)], 3.2, steel)
    view.brush.line([(x + 12, base), (x, top + 14)], 2.0, steel)
    view.brush.line([(x - 16, top + 8), (x + 56, top - 6)], 2.6, steel)
    view.brush.line([(x + 50, top - 5), (x + 50, top + 26)], 0.8, steel)


def _moored_boat(view: View, x: float, y: float) -> None:
    rng, brush = view.rng, view.brush
    hull = view.tone(rng.choice(((232, 232, 226), (60, 84, 120), (150, 60, 56))), 0.25)
    mast = view.tone((220, 214, 200), 0.25)
    height = rng.uniform(34, 52)
    brush.line([(x, y), (x, y - height)], 1.1, mast)
    brush.line([(x, y - height), (x + 13, y - 5)], 0.6, mast)
    brush.polygon([(x - 14, y - 5), (x + 15, y - 5), (x + 11, y + 1), (x - 11, y + 1)], hull)


__all__ = ["paint_beach", "paint_harbour", "paint_lake"]
