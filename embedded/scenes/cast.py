"""Places the subjects in the scene, with light, shadows and reflections."""

from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageFilter

from embedded.scenes.brush import Brush
from embedded.scenes.colour import RGB, multiply, paint_of
from embedded.scenes.light import Light
from embedded.scenes.scene import Scene
from embedded.scenes.subjects import SUBJECT_PAINTERS, Subject
from embedded.scenes.view import CENTRE, HEIGHT, SHALLOWS, Stage, View

REACH = HEIGHT / 2 - 6
"""How far from the middle a subject may extend, so that the central square shows all of it."""

SLOTS: dict[str, tuple[tuple[float, float], ...]] = {
    "one": ((0.0, 0.0),),
    "two": ((-0.52, -6.0), (0.52, 4.0)),
    "three": ((-0.66, -9.0), (0.66, -5.0), (0.0, 7.0)),
}
"""Per count: offsets across (share of the reach) and towards the viewer (units), farthest first."""

SIZES = {"one": 1.0, "two": 0.86, "three": 0.74}


@dataclass(frozen=True, slots=True)
class Position:
    """Where one subject stands (the middle of its foot) and how tall it is, in scene units."""

    x: float
    y: float
    height: float
    mirrored: bool


def paint_cast(view: View, scene: Scene, stage: Stage) -> None:
    """Draws one, two or three of the scene's subject."""
    subject = SUBJECT_PAINTERS[scene.subject]
    waterline = stage.water if scene.subject == "boat" else None
    foot = stage.ground if waterline is None else waterline
    positions = place_subjects(subject, scene.count, foot, view.rng)
    if view.time == "night":
        view.pool(CENTRE, foot - 2, 170, 46, colour=(255, 226, 170), strength=0.34)
    for position in positions:
        layer = _draw(subject, scene, position, view)
        if waterline is None:
            _shadow(view, layer, subject, position)
        else:
            _reflection(view, layer, position, waterline + SHALLOWS)
        _put(view, layer, position)


def place_subjects(subject: Subject, count: str, foot: float, rng: Random) -> list[Position]:
    """Positions for `count` subjects, farthest first, all inside the central square."""
    slots, size = SLOTS[count], subject.height * SIZES[count]
    room = {"one": 2 * REACH, "two": 1.16 * REACH, "three": 0.86 * REACH}[count]
    size = min(size, room / (2 * subject.half_width)) * rng.uniform(0.92, 1.04)
    positions = []
    for across, nearer in slots:
        height = size * (1 + nearer / 160) * rng.uniform(0.95, 1.04)
        margin = REACH - subject.half_width * height
        wander = min(margin, 46) if count == "one" else 5
        offset = across * REACH + rng.uniform(-wander, wander)
        x = CENTRE + max(-margin, min(margin, offset))
        lift = subject.floats * rng.uniform(0.7, 1.25)
        positions.append(Position(x, foot + nearer + rng.uniform(-3, 3) - lift, height, rng.random() < 0.5))
    return positions


def _draw(subject: Subject, scene: Scene, position: Position, view: View) -> Image.Image:
    """The lit subject on a transparent layer whose lower middle is its foot."""
    unit = position.height * view.scale
    size = (round(2 * (subject.half_width + 0.05) * unit), round(1.08 * unit))
    layer = Image.new("RGBA", size)
    brush = Brush(layer, (size[0] / 2, size[1] - 0.03 * unit), (-unit if position.mirrored else unit, -unit))
    subject.paint(brush, paint_of(scene.colour), view.rng)
    return _lit(layer, view.light, view.scale, from_left=view.sun_x < position.x)


def _lit(layer: Image.Image, light: Light, scale: int, *, from_left: bool) -> Image.Image:
    """The layer under the light: tinted, with a bright rim towards the sun, veiled by haze."""
    alpha = layer.getchannel("A")
    colours = ImageChops.multiply(layer.convert("RGB"), Image.new("RGB", layer.size, _tint(light)))
    shifted = ImageChops.offset(alpha, scale if from_left else -scale, scale)
    rim = ImageChops.subtract(alpha, shifted).point([round(level * light.rim_strength) for level in range(256)])
    colours.paste(light.rim, mask=rim)
    if light.subject_veil:
        colours = Image.blend(colours, Image.new("RGB", layer.size, light.haze), light.subject_veil)
    colours.putalpha(alpha)
    return colours


def _tint(light: Light) -> RGB:
    return multiply((255, 255, 255), light.subject_tint)


def _put(view: View, layer: Image.Image, position: Position) -> None:
    left, foot = _corner(view, layer, position)
    view.image.paste(layer, (left, foot - layer.height + round(0.03 * position.height * view.scale)), layer)


def _corner(view: View, layer: Image.Image, position: Position) -> tuple[int, int]:
    """Left edge of the layer and height of the foot, in pixels."""
    return round(position.x * view.scale) - layer.width // 2, round(position.y * view.scale)


def _reflection(view: View, layer: Image.Image, position: Position, shore: float) -> None:
    """The layer mirrored in the water, at most down to the shore."""
    left, foot = _corner(view, layer, position)
    mirrored = layer.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((layer.width, round(layer.height * 0.42)))
    mirrored = mirrored.crop((0, 0, layer.width, min(mirrored.height, round(shore * view.scale) - foot)))
    fade = mirrored.getchannel("A").point([round(level * 0.42) for level in range(256)])
    view.image.paste(mirrored.convert("RGB"), (left, foot - view.scale), fade)


def _shadow(view: View, layer: Image.Image, subject: Subject, position: Position) -> None:
    """A contact shadow under the foot and, where the light has a direction, the outline laid on the ground."""
    ground, half = position.y + subject.floats, subject.half_width * position.height
    view.pool(position.x, ground, half * 1.15, 8.0, colour=(14, 14, 30), strength=view.light.shadow / 160)
    if subject.floats or view.time in ("rain", "fog"):
        return
    length = 0.34 if view.time == "sunset" else 0.2
    lean = (position.x - view.sun_x) / 150 * (1.6 if view.time == "sunset" else 0.8)
    flat = max(1, round(layer.height * length))
    shift = lean * flat
    size = (layer.width + round(abs(shift)), flat)
    outline = layer.getchannel("A").resize((layer.width, flat)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    start = max(0.0, -shift)
    slope = shift / flat
    skewed = outline.transform(size, Image.Transform.AFFINE, (1, -slope, -start, 0, 1, 0), Image.Resampling.BILINEAR)
    mask = skewed.filter(ImageFilter.GaussianBlur(view.scale)).point(
        [level * view.light.shadow // 255 for level in range(256)]
    )
    left, foot = _corner(view, layer, position)
    view.image.paste((16, 14, 34), (round(left - start), foot - view.scale), mask)
