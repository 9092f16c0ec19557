"""Built places: city, village, road, garden."""

from embedded.scenes.buildings import church, cottage, street_lamp, tower
from embedded.scenes.colour import RGB, mix
from embedded.scenes.flora import broadleaf, bush, flower
from embedded.scenes.landscape import ground, land, ridge, tufts
from embedded.scenes.light import vary
from embedded.scenes.view import CENTRE, HEIGHT, WIDTH, Stage, View


def paint_city(view: View) -> Stage:
    """Two rows of tall blocks, a kerb, a street with crossing stripes and lamps."""
    rng, brush = view.rng, view.brush
    street = view.horizon + 62
    walls: tuple[RGB, ...] = ((112, 126, 146), (150, 138, 132), (96, 108, 128), (172, 160, 148), (128, 104, 100))
    for depth, low, high, step in ((0.55, 92, 165, 30), (0.12, 58, 128, 46)):
        x = rng.uniform(-20, 0)
        while x < WIDTH:
            width = step * rng.uniform(0.75, 1.25)
            wall = vary(rng.choice(walls), rng)
            tower(view, (x, street), width, rng.uniform(low, high), wall=wall, depth=depth)
            x += width + rng.uniform(0, 4)
    view.gradient(street, street + 18, [view.tone((176, 172, 168)), view.tone((160, 157, 154))])
    view.gradient(street + 18, HEIGHT, [view.tone((84, 86, 92)), view.tone((66, 68, 74))])
    brush.box(0, street + 16, WIDTH, street + 19, view.tone((206, 204, 200)))
    for index in range(9):
        x = index * 52 - 20.0
        stripe = [(x, street + 74), (x + 26, street + 74), (x + 24, street + 79), (x - 3, street + 79)]
        brush.polygon(stripe, view.tone((228, 226, 214)))
    for x in (rng.uniform(16, 44), rng.uniform(330, 358)):
        street_lamp(view, x, street + 16, 84)
    return Stage(ground=262)


def paint_village(view: View) -> Stage:
    """Cottages and a church around a green, with a sandy path."""
    rng, brush = view.rng, view.brush
    green = view.horizon + 52
    land(view, ridge(rng, view.horizon + 16, 40, 0.35), (96, 146, 98), 0.65)
    church(view, rng.uniform(90, 260), green - 14, rng.uniform(104, 124), 0.35)
    walls: tuple[RGB, ...] = ((240, 228, 204), (226, 198, 160), (214, 218, 214), (236, 206, 176))
    for base, size, depth, count in ((green - 10, 42, 0.35, 6), (green + 8, 60, 0.08, 5)):
        for index in range(count):
            x = (index + rng.uniform(-0.15, 0.35)) * WIDTH / (count - 0.6) - 18
            if size > 50 and 120 < x + size / 2 < 250:
                continue
            roof = vary(rng.choice(((176, 76, 56), (156, 70, 60), (120, 82, 70))), rng, 8)
            foot, width = (x, base + rng.uniform(-3, 3)), size * rng.uniform(0.85, 1.1)
            cottage(view, foot, width, wall=rng.choice(walls), roof=roof, depth=depth)
    ground(view, green + 6, (126, 168, 84), vary((112, 154, 74), rng))
    path = view.tone((206, 182, 140))
    bend = rng.uniform(-30, 30)
    brush.shape(
        [
            (CENTRE + bend - 8, green + 4),
            (CENTRE + bend + 8, green + 4),
            (CENTRE + 60, green + 40),
            (CENTRE + 150, 330),
            (CENTRE - 150, 330),
            (CENTRE - 40, green + 40),
        ],
        path,
    )
    tufts(view, green + 12, 50, (96, 146, 66))
    return Stage(ground=264)


def paint_road(view: View) -> Stage:
    """A straight road to the horizon between fields, with posts and a broken line."""
    rng, brush, top = view.rng, view.brush, view.horizon + 10
    vanish = CENTRE + rng.uniform(-24, 24)
    land(view, ridge(rng, top, 26, 0.35), (104, 136, 110), 0.75)
    ground(view, top, (196, 186, 106), vary((170, 172, 84), rng))
    for index in range(-9, 10):
        foot = CENTRE + index * 62
        brush.line([(vanish + index * 3, top), (foot, HEIGHT)], 1.2, view.tone((150, 154, 74), 0.1))
    asphalt = [(vanish - 4, top), (vanish + 4, top), (CENTRE + 205, HEIGHT), (CENTRE - 205, HEIGHT)]
    brush.polygon(asphalt, view.tone((92, 94, 100), 0.05))
    for side in (-1, 1):
        edge = [(vanish + side * 3.2, top), (vanish + side * 3.9, top), (CENTRE + side * 198, HEIGHT)]
        brush.polygon([*edge, (CENTRE + side * 186, HEIGHT)], view.tone((232, 230, 218), 0.05))
    for index in range(1, 9):
        near, far = (index / 8.0) ** 2.0, ((index - 0.45) / 8.0) ** 2.0
        _dash(view, vanish, top, far, near)
    for index in range(1, 6):
        share = (index / 5.5) ** 1.8
        x, y = vanish + (CENTRE + 232 - vanish) * share, top + (HEIGHT - top) * share
        brush.line([(x, y), (x, y - 10 - 92 * share)], 0.8 + 3 * share, view.tone((110, 84, 62), 0.4 * (1 - share)))
    return Stage(ground=262)


def _dash(view: View, vanish: float, top: float, far: float, near: float) -> None:
    span = HEIGHT - top
    x0, x1 = vanish + (CENTRE - vanish) * far, vanish + (CENTRE - vanish) * near
    y0, y1, w0, w1 = top + span * far, top + span * near, 0.3 + 5 * far, 0.3 + 5 * near
    view.brush.polygon([(x0 - w0, y0), (x0 + w0, y0), (x1 + w1, y1), (x1 - w1, y1)], view.tone((240, 238, 226)))


def paint_garden(view: View) -> Stage:
    """A clipped hedge and picket fence behind a lawn, with beds of large flowers at both sides."""
    rng, brush = view.rng, view.brush
    lawn = view.horizon + 44
    for index in range(6):
        foot = ((index + rng.random()) * WIDTH / 6, lawn - 10)
        crown = view.tone(vary((74, 140, 70), rng), 0.35)
        broadleaf(brush.at(*foot, rng.uniform(80, 108)), rng, crown, view.tone((98, 72, 52), 0.35))
    brush.box(0, lawn - 38, WIDTH, lawn, view.tone((44, 104, 54), 0.12))
    for index in range(28):
        x = index * WIDTH / 27
        brush.oval(x, lawn - 38, 9, 4, view.tone(mix((58, 122, 62), (40, 96, 50), rng.random()), 0.12))
    fence = view.tone((246, 244, 236), 0.05)
    for index in range(33):
        x = index * 12.0
        brush.polygon([(x, lawn + 4), (x, lawn - 18), (x + 3, lawn - 22), (x + 6, lawn - 18), (x + 6, lawn + 4)], fence)
    for rail in (lawn - 13, lawn - 3):
        brush.box(0, rail, WIDTH, rail + 2.4, fence)
    ground(view, lawn + 4, (112, 184, 84), vary((96, 172, 72), rng))
    for side in (-1, 1):
        _flower_bed(view, side, lawn + 6)
    return Stage(ground=262)


def _flower_bed(view: View, side: int, top: float) -> None:
    rng, brush = view.rng, view.brush
    edge = CENTRE + side * 196
    outline = [(edge - side * 30, top), (edge - side * 64, top + 44), (edge - side * 62, HEIGHT + 8)]
    brush.shape([*outline, (edge + side * 20, HEIGHT + 8), (edge + side * 20, top)], view.tone((104, 72, 52)))
    petals: tuple[RGB, ...] = ((236, 84, 130), (250, 250, 246), (248, 190, 60), (226, 60, 56), (170, 100, 210))
    for _ in range(3):
        bush(brush.at(edge - side * rng.uniform(0, 26), top + rng.uniform(10, 40), 22), rng, view.tone((60, 128, 58)))
    spots = sorted((rng.uniform(top + 22, HEIGHT + 4), rng.uniform(4, 58)) for _ in range(17))
    for y, inset in spots:
        size = 16 + 16 * (y - top) / (HEIGHT - top)
        colour = view.tone(rng.choice(petals))
        flower(brush.at(edge - side * inset, y, size), colour, view.tone((250, 214, 80)), view.tone((56, 120, 56)))


__all__ = ["paint_city", "paint_garden", "paint_road", "paint_village"]
