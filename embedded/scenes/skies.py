"""Skies: gradients, sun, moon, stars and clouds."""

from PIL import Image, ImageDraw, ImageFilter

from embedded.scenes.colour import RGB, WHITE, mix, with_alpha
from embedded.scenes.light import vary
from embedded.scenes.view import HEIGHT, WIDTH, View

CLOUD_GRID = 4
"""Clouds are soft: they are drawn at a quarter of a unit's resolution, blurred and scaled up."""

CLOUDINESS = {"day": (2, 5), "sunset": (3, 6), "night": (0, 3), "rain": (8, 11), "fog": (0, 0)}


def paint_sky(view: View) -> None:
    """Fills the canvas with sky to slightly below the horizon, then adds sun, moon, stars and clouds."""
    light, rng = view.light, view.rng
    top, low = vary(light.sky_top, rng), vary(light.sky_low, rng, 8)
    stops = [top, mix(top, low, 0.5), low]
    if view.time == "sunset":
        stops = [top, (176, 82, 122), (242, 124, 84), low]
    view.gradient(0, view.horizon + 8, stops)
    view.gradient(view.horizon, HEIGHT, [low, low])
    painters = {"day": _sun, "sunset": _low_sun, "night": _moon_and_stars}
    if view.time in painters:
        painters[view.time](view)
    _clouds(view)


def _sun(view: View) -> None:
    x, y = view.sun_x, view.rng.uniform(24, 50)
    view.glow(x, y, 95, (255, 252, 226), 0.75)
    view.brush.oval(x, y, 12, 12, (255, 253, 236))


def _low_sun(view: View) -> None:
    x, y = view.sun_x, view.horizon - view.rng.uniform(12, 26)
    view.glow(x, y, 170, (255, 196, 96), 0.85)
    view.glow(x, y, 62, (255, 236, 170), 0.9)
    view.brush.oval(x, y, 16, 16, (255, 244, 200))


def _moon_and_stars(view: View) -> None:
    rng = view.rng
    for _ in range(rng.randint(70, 110)):
        x, y, size = rng.uniform(0, WIDTH), rng.uniform(0, view.horizon), rng.choice((0.45, 0.6, 0.6, 0.95))
        view.brush.oval(x, y, size, size, with_alpha((236, 240, 255), rng.randint(110, 240)))
    x, y, size = view.sun_x, rng.uniform(24, 52), rng.uniform(11, 14)
    view.glow(x, y, 70, (150, 170, 230), 0.55)
    view.brush.oval(x, y, size, size, (246, 244, 226))
    for dx, dy, radius in ((-3.5, -2.0, 3.2), (3.0, 3.2, 2.4), (2.6, -4.6, 1.6)):
        view.brush.oval(x + dx, y + dy, radius, radius, (226, 224, 208))


def _clouds(view: View) -> None:
    fewest, most = CLOUDINESS[view.time]
    count = view.rng.randint(fewest, most)
    if not count:
        return
    size = (WIDTH // CLOUD_GRID * 2, HEIGHT // CLOUD_GRID * 2)
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for _ in range(count):
        _cloud(draw, view)
    mask = mask.filter(ImageFilter.GaussianBlur(2.2)).resize(view.image.size, Image.Resampling.BILINEAR)
    colour: RGB = mix(view.light.clouds, WHITE, view.rng.uniform(0, 0.08))
    view.image.paste(colour, mask=mask)


def _cloud(draw: ImageDraw.ImageDraw, view: View) -> None:
    rng, unit = view.rng, 2 / CLOUD_GRID
    x, y = rng.uniform(0, WIDTH), rng.uniform(8, view.horizon * (0.6 if view.time != "rain" else 0.9))
    width = rng.uniform(34, 80) * (1.6 if view.time in ("sunset", "rain") else 1.0)
    depth = width * (0.09 if view.time == "sunset" else 0.2)
    alpha = {"day": 225, "sunset": 170, "night": 150, "rain": 150}[view.time]
    for _ in range(7):
        cx, half = x + rng.uniform(-0.5, 0.5) * width, rng.uniform(0.22, 0.45) * width
        cy, rise = y + rng.uniform(-0.5, 0.3) * depth, rng.uniform(0.5, 1.0) * depth
        draw.ellipse(((cx - half) * unit, (cy - rise) * unit, (cx + half) * unit, (cy + rise * 0.6) * unit), fill=alpha)
