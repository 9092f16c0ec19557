"""Weather in front of everything else: rain and fog."""

from PIL import Image

from embedded.scenes.colour import with_alpha
from embedded.scenes.view import HEIGHT, WIDTH, View


def paint_weather(view: View) -> None:
    """Draws over the finished picture."""
    if view.time == "rain":
        _rain(view)
    if view.time == "fog":
        _fog_banks(view)


def _rain(view: View) -> None:
    rng, brush = view.rng, view.brush
    for _ in range(26):
        x, y, half = rng.uniform(0, WIDTH), rng.uniform(214, HEIGHT), rng.uniform(5, 16)
        brush.oval(x, y, half, half * 0.2, with_alpha((206, 216, 228), 54))
    slant = rng.uniform(5, 11) * rng.choice((-1, 1))
    for _ in range(330):
        x, y, length = rng.uniform(-10, WIDTH + 10), rng.uniform(-20, HEIGHT), rng.uniform(10, 28)
        streak = with_alpha((222, 232, 244), rng.randint(70, 165))
        brush.line([(x, y), (x - slant * length / 22, y + length)], rng.choice((0.6, 0.9, 1.2)), streak)


def _fog_banks(view: View) -> None:
    rng = view.rng
    for _ in range(6):
        x, y = rng.uniform(0, WIDTH), rng.uniform(view.horizon - 10, view.horizon + 90)
        half, rise, strength = rng.uniform(110, 200), rng.uniform(12, 26), rng.uniform(0.35, 0.65)
        view.pool(x, y, half, rise, colour=view.light.haze, strength=strength)
    veil = Image.new("RGB", view.image.size, view.light.haze)
    view.image.paste(veil, mask=Image.new("L", view.image.size, 14))
