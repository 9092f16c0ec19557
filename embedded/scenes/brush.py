"""Drawing primitives in scene units, independent of the resolution that a picture is drawn at."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from embedded.scenes.colour import RGB, RGBA

Point = tuple[float, float]
Fill = RGB | RGBA

CURVE_STEPS = 7
"""Straight pieces per spline segment: below this, outlines show corners at twice the output size."""


class Brush:
    """Draws on one image through `pixel = origin + scale * unit`; `scale` may be negative to flip an axis."""

    def __init__(self, image: Image.Image, origin: Point, scale: Point) -> None:
        self.image = image
        self.origin = origin
        self.scale = scale
        self._draw = ImageDraw.Draw(image, "RGBA" if image.mode == "RGB" else None)

    def at(self, x: float, y: float, height: float, *, mirrored: bool = False) -> "Brush":
        """A brush whose origin is (x, y) here, whose unit is `height` here, and whose y axis points up."""
        across = abs(self.scale[1]) * height
        return Brush(self.image, self.pixel((x, y)), (-across if mirrored else across, -across))

    def pixel(self, point: Point) -> Point:
        """Image coordinates of a point in units."""
        return self.origin[0] + self.scale[0] * point[0], self.origin[1] + self.scale[1] * point[1]

    def polygon(self, points: Sequence[Point], fill: Fill) -> None:
        """A filled polygon with straight edges."""
        self._draw.polygon([self.pixel(point) for point in points], fill=fill)

    def shape(self, points: Sequence[Point], fill: Fill) -> None:
        """A filled closed Catmull-Rom curve through the points."""
        self.polygon(closed_curve(points), fill)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Fill) -> None:
        """An ellipse with upright axes."""
        (x0, y0), (x1, y1) = self.pixel((x - rx, y - ry)), self.pixel((x + rx, y + ry))
        self._draw.ellipse((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), fill=fill)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Fill, *, radius: float = 0.0) -> None:
        """An upright rectangle, with rounded corners if `radius` is not 0."""
        (left, top), (right, bottom) = self.pixel((x0, y0)), self.pixel((x1, y1))
        bounds = (min(left, right), min(top, bottom), max(left, right), max(top, bottom))
        if radius:
            self._draw.rounded_rectangle(bounds, radius * abs(self.scale[1]), fill=fill)
        else:
            self._draw.rectangle(bounds, fill=fill)

    def line(self, points: Sequence[Point], width: float, fill: Fill) -> None:
        """An open line; never thinner than one pixel."""
        pixels = max(1, round(width * abs(self.scale[1])))
        self._draw.line([self.pixel(point) for point in points], fill=fill, width=pixels, joint="curve")

    def limb(self, points: Sequence[Point], widths: Sequence[float], fill: Fill) -> None:
        """A chain of tapered pieces with round joints: arms, legs, necks, tails."""
        for (x, y), width in zip(points, widths, strict=True):
            self.oval(x, y, width / 2, width / 2, fill)
        for index in range(len(points) - 1):
            self._taper(points[index], points[index + 1], widths[index] / 2, widths[index + 1] / 2, fill)

    def ring(self, x: float, y: float, radius: float, width: float, fill: Fill) -> None:
        """The outline of a circle, `width` thick, inside `radius`."""
        (x0, y0), (x1, y1) = self.pixel((x - radius, y - radius)), self.pixel((x + radius, y + radius))
        bounds = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        self._draw.ellipse(bounds, outline=fill, width=max(1, round(width * abs(self.scale[1]))))

    def _taper(self, start: Point, end: Point, start_half: float, end_half: float, fill: Fill) -> None:
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = math.hypot(dx, dy) or 1.0
        nx, ny = -dy / length, dx / length
        self.polygon(
            [
                (start[0] + nx * start_half, start[1] + ny * start_half),
                (end[0] + nx * end_half, end[1] + ny * end_half),
                (end[0] - nx * end_half, end[1] - ny * end_half),
                (start[0] - nx * start_half, start[1] - ny * start_half),
            ],
            fill,
        )


def closed_curve(points: Sequence[Point]) -> list[Point]:
    """Points along the closed Catmull-Rom spline through `points`."""
    count = len(points)
    curve = []
    for index in range(count):
        p0, p1, p2, p3 = (points[(index + offset) % count] for offset in (-1, 0, 1, 2))
        for step in range(CURVE_STEPS):
            t = step / CURVE_STEPS
            curve.append((_spline(p0[0], p1[0], p2[0], p3[0], t), _spline(p0[1], p1[1], p2[1], p3[1], t)))
    return curve


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
