"""Wild places: mountain, forest, desert, meadow, snow."""

from embedded.scenes.colour import RGB, mix
from embedded.scenes.flora import broadleaf, bush, cactus, conifer
from embedded.scenes.landscape import ground, land, ridge, scatter, tufts
from embedded.scenes.light import vary
from embedded.scenes.view import WIDTH, Stage, View


def paint_mountain(view: View) -> Stage:
    """Jagged peaks with snow caps above a stony alpine slope."""
    rng = view.rng
    foot = view.horizon + 44
    for x, height, depth in ((rng.uniform(20, 120), 118, 0.6), (rng.uniform(260, 360), 128, 0.6)):
        _peak(view, x, foot, height * rng.uniform(0.85, 1.0), depth)
    _peak(view, rng.uniform(150, 240), foot, rng.uniform(140, 156), 0.35)
    land(view, ridge(rng, foot + 2, 12, 0.4), (112, 128, 92), 0.4)
    ground(view, foot + 2, (118, 132, 92), vary((134, 130, 112), rng))
    tufts(view, foot + 8, 60, (104, 126, 74), 4)

    def stone(x: float, y: float, size: float) -> None:
        grey = mix((108, 108, 112), (160, 156, 150), rng.random())
        half = rng.uniform(5, 12) * size
        outline = [(x - half, y), (x - half * 0.6, y - half * 0.8), (x + half * 0.3, y - half * 0.95), (x + half, y)]
        view.brush.polygon(outline, view.tone(grey, 0.2 * (1 - size)))
        view.brush.polygon([outline[1], outline[2], (x, y)], view.tone(mix(grey, (255, 255, 255), 0.25), 0.1))

    scatter(view, foot + 4, 46, stone)
    return Stage(ground=262)


def _peak(view: View, x: float, base: float, height: float, depth: float) -> None:
    rng, brush = view.rng, view.brush
    half, top = height * rng.uniform(0.85, 1.1), base - height
    rock, snow = view.tone((112, 112, 126), depth), view.tone((250, 251, 255), depth * 0.5)
    shade, snow_shade = view.tone((78, 80, 98), depth), view.tone((196, 208, 228), depth * 0.5)
    brush.polygon([(x - half, base), (x, top), (x + half, base)], rock)
    crest = [(x, top), (x + height * 0.06, top + height * 0.3), (x - height * 0.04, top + height * 0.6)]
    brush.polygon([*crest, (x + height * 0.1, base), (x + half, base)], shade)
    line, cap = half / height, height * rng.uniform(0.34, 0.44)
    zigzag = [(share * cap * line, top + cap * (1 + rng.uniform(-0.3, 0.12))) for share in (-0.6, -0.3, 0.0, 0.3, 0.6)]
    brush.polygon(
        [(x, top), (x - cap * line, top + cap), *((x + dx, y) for dx, y in zigzag), (x + cap * line, top + cap)], snow
    )
    right = [(x + dx, y) for dx, y in zigzag[2:]]
    brush.polygon([(x, top), (x + height * 0.03, top + cap * 0.6), *right, (x + cap * line, top + cap)], snow_shade)


def paint_forest(view: View) -> Stage:
    """A clearing between rows of trunks under a closed canopy."""
    rng, brush = view.rng, view.brush
    floor, glade = view.horizon + 46, rng.uniform(120, 264)
    for depth, count, height in ((0.85, 30, 84), (0.6, 22, 108), (0.3, 17, 136)):
        view.brush.box(0, floor - height * 0.3, WIDTH, floor, view.tone((40, 84, 50), depth))
        for index in range(count):
            x = (index + rng.uniform(0.1, 0.9)) * WIDTH / count
            closeness = min(1.0, abs(x - glade) / 120)
            tall = height * (0.62 + 0.6 * closeness) * rng.uniform(0.85, 1.1)
            conifer(brush.at(x, floor + 8, tall), rng, view.tone((44, 104, 58), depth))
    ground(view, floor - 3, (58, 92, 50), vary((84, 92, 52), rng))
    tufts(view, floor, 80, (62, 110, 54), 6)
    for side in (rng.uniform(-4, 28), rng.uniform(356, 388), rng.uniform(40, 62), rng.uniform(322, 344)):
        _trunk(view, side, floor + rng.uniform(18, 60))
    for index in range(16):
        x, y = (index + rng.random()) * WIDTH / 16, rng.uniform(-12, 12)
        leaf = view.tone(mix((40, 104, 50), (16, 52, 34), rng.random()), 0.05)
        brush.oval(x, y, rng.uniform(22, 40), rng.uniform(14, 26), leaf)
    for side in (rng.uniform(0, 50), rng.uniform(330, 384)):
        bush(brush.at(side, 288, rng.uniform(26, 38)), rng, view.tone((52, 112, 58)))
    return Stage(ground=264)


def _trunk(view: View, x: float, base: float) -> None:
    width = 9 + (base - 190) * 0.12
    bark = view.tone(vary((98, 70, 50), view.rng, 8), 0.06)
    view.brush.polygon(
        [
            (x - width * 0.85, base),
            (x - width / 2, base - 18),
            (x - width * 0.42, -5),
            (x + width * 0.42, -5),
            (x + width / 2, base - 18),
            (x + width * 0.85, base),
        ],
        bark,
    )
    view.brush.box(x + width * 0.12, -5, x + width * 0.42, base - 8, view.tone((66, 46, 38), 0.06))


def paint_desert(view: View) -> Stage:
    """Layered dunes with a lit and a shaded side, a few cacti."""
    rng = view.rng
    land(view, ridge(rng, view.horizon + 14, 34, 0.42), (196, 136, 92), 0.7)
    for lift, colour, depth in ((16, (226, 170, 100), 0.35), (44, (232, 176, 98), 0.15), (84, (238, 186, 108), 0.0)):
        _dune(view, view.horizon + lift, vary(colour, rng, 6), depth)
    for side in (rng.uniform(16, 44), rng.uniform(338, 368)):
        green = view.tone((72, 128, 74), 0.1)
        cactus(view.brush.at(side, view.horizon + rng.uniform(58, 96), rng.uniform(50, 82)), green)
    return Stage(ground=262)


def _dune(view: View, top: float, sand: RGB, depth: float) -> None:
    rng = view.rng
    crest_x, rise = rng.uniform(60, 320), rng.uniform(12, 22)
    skyline = [(-10.0, top + 12), (crest_x * 0.5, top), (crest_x, top - rise), (crest_x + 70, top + 4)]
    skyline += [(WIDTH + 10.0, top + rng.uniform(4, 16))]
    land(view, skyline, sand, depth)
    shade = view.tone(mix(sand, (120, 66, 52), 0.2), depth)
    view.brush.shape(
        [(crest_x, top - rise), (crest_x + 78, top + 5), (crest_x + 60, top + 30), (crest_x - 34, 320)], shade
    )


def paint_meadow(view: View) -> Stage:
    """Rolling green hills, a few far trees, grass full of flowers."""
    rng, brush = view.rng, view.brush
    land(view, ridge(rng, view.horizon + 4, 34, 0.32), (110, 164, 104), 0.75)
    land(view, ridge(rng, view.horizon + 24, 30, 0.3), (104, 172, 76), 0.4)
    for _ in range(5):
        foot = (rng.uniform(0, WIDTH), view.horizon + rng.uniform(14, 26))
        broadleaf(
            brush.at(*foot, rng.uniform(24, 36)), rng, view.tone((58, 122, 58), 0.45), view.tone((96, 72, 50), 0.4)
        )
    ground(view, view.horizon + 30, (126, 188, 76), vary((92, 158, 58), rng))
    tufts(view, view.horizon + 34, 170, (78, 150, 54), 6)
    petals: tuple[RGB, ...] = ((252, 250, 244), (250, 214, 60), (226, 70, 70), (150, 110, 214))

    def bloom(x: float, y: float, size: float) -> None:
        brush.oval(x, y, 1.9 * size, 1.5 * size, view.tone(rng.choice(petals)))

    scatter(view, view.horizon + 36, 130, bloom)
    return Stage(ground=264)


def paint_snow(view: View) -> Stage:
    """Snowfields, firs under snow, drifts in the foreground."""
    rng, brush = view.rng, view.brush
    white: RGB = (238, 244, 252)
    land(view, ridge(rng, view.horizon + 10, 46, 0.4), (206, 220, 238), 0.5)
    land(view, ridge(rng, view.horizon + 30, 24, 0.3), (224, 234, 246), 0.25)
    spots = sorted((view.horizon + rng.uniform(24, 54), rng.uniform(0, WIDTH)) for _ in range(11))
    for y, x in spots:
        needles, cover = view.tone((48, 96, 84), 0.25), view.tone(white, 0.1)
        conifer(brush.at(x, y, rng.uniform(40, 66)), rng, needles, cover)
    for lift, shade in ((46, (226, 235, 247)), (74, (240, 245, 252)), (110, (246, 249, 254))):
        land(view, ridge(rng, view.horizon + lift + 8, 12, 0.25), shade, 0.0)
    side = rng.choice((28.0, 356.0))
    conifer(brush.at(side, view.horizon + 100, 135), rng, view.tone((44, 92, 80)), view.tone(white))
    return Stage(ground=264)


__all__ = ["paint_desert", "paint_forest", "paint_meadow", "paint_mountain", "paint_snow"]
