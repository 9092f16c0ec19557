"""Trees and plants, each drawn on a brush whose origin is the foot, unit the height, y axis up."""

from random import Random

from embedded.scenes.brush import Brush
from embedded.scenes.colour import RGB, mix, multiply

BARK: RGB = (104, 72, 48)
NIGHT: RGB = (12, 18, 40)


def highlight(leaves: RGB) -> RGB:
    """Sunlit leaves: brighter in proportion, so that they stay dark at night."""
    return mix(multiply(leaves, (1.3, 1.3, 1.2)), leaves, 0.25)


def broadleaf(brush: Brush, rng: Random, crown: RGB, bark: RGB = BARK) -> None:
    """A round crown of overlapping leaf clouds on a trunk."""
    brush.limb([(0.0, 0.0), (0.01, 0.3), (0.0, 0.5)], [0.13, 0.09, 0.07], bark)
    brush.limb([(0.0, 0.32), (-0.16, 0.52)], [0.06, 0.03], bark)
    brush.limb([(0.0, 0.34), (0.17, 0.54)], [0.06, 0.03], bark)
    dark, light = mix(crown, NIGHT, 0.3), highlight(crown)
    leaves = [(rng.uniform(-0.24, 0.24), rng.uniform(0.45, 0.84), rng.uniform(0.12, 0.18)) for _ in range(11)]
    for x, y, r in leaves:
        brush.oval(x + 0.02, y - 0.035, r, r * 0.95, dark)
    brush.oval(0.0, 0.64, 0.27, 0.25, crown)
    for x, y, r in leaves:
        brush.oval(x, y, r * 0.88, r * 0.84, crown)
    for x, y, r in leaves[:7]:
        brush.oval(x - 0.04, y + 0.05, r * 0.42, r * 0.34, light)


def conifer(brush: Brush, rng: Random, needles: RGB, snow: RGB | None = None) -> None:
    """A fir of stacked tiers, with snow on its branches if a colour for it is given."""
    brush.box(-0.035, 0.0, 0.035, 0.16, mix(BARK, NIGHT, 0.2) if snow is None else BARK)
    dark = mix(needles, NIGHT, 0.25)
    for base, half, top in ((0.10, 0.27, 0.48), (0.32, 0.21, 0.70), (0.55, 0.15, 1.0)):
        lean = rng.uniform(-0.02, 0.02)
        brush.polygon([(-half, base), (0.0, base + 0.05), (half, base), (lean, top)], dark)
        brush.polygon([(-half, base), (0.0, base + 0.05), (half * 0.15, base + 0.05), (lean, top)], needles)
        if snow is not None:
            brush.polygon(
                [(-half * 0.62, base + 0.1), (-half * 0.2, base + 0.13), (half * 0.12, base + 0.1), (lean, top)], snow
            )


def palm(brush: Brush, rng: Random, leaf: RGB, bark: RGB) -> None:
    """A leaning palm."""
    lean = rng.uniform(0.12, 0.25)
    brush.limb([(0.0, 0.0), (lean * 0.4, 0.4), (lean, 0.82)], [0.07, 0.05, 0.04], bark)
    for reach, drop in ((-0.36, 0.66), (-0.3, 0.86), (-0.12, 0.99), (0.16, 0.98), (0.32, 0.84), (0.34, 0.64)):
        middle = (lean + reach * 0.55, max(drop, 0.84) + 0.06)
        shade = mix(leaf, NIGHT, rng.uniform(0.0, 0.3))
        brush.limb([(lean, 0.83), middle, (lean + reach, drop)], [0.04, 0.065, 0.012], shade)


def cactus(brush: Brush, green: RGB) -> None:
    """A saguaro with two arms."""
    dark = mix(green, NIGHT, 0.3)
    for colour, dx in ((dark, 0.02), (green, 0.0)):
        brush.limb([(dx, 0.0), (dx, 0.93)], [0.15, 0.14], colour)
        brush.limb([(dx, 0.38), (dx - 0.23, 0.42), (dx - 0.24, 0.68)], [0.09, 0.09, 0.09], colour)
        brush.limb([(dx, 0.5), (dx + 0.22, 0.54), (dx + 0.23, 0.8)], [0.09, 0.09, 0.08], colour)


def bush(brush: Brush, rng: Random, leaves: RGB) -> None:
    """A low rounded shrub."""
    dark, light = mix(leaves, NIGHT, 0.28), highlight(leaves)
    blobs = [(rng.uniform(-0.7, 0.7), rng.uniform(0.28, 0.62), rng.uniform(0.26, 0.4)) for _ in range(8)]
    for x, y, r in blobs:
        brush.oval(x, y - 0.06, r, r * 0.85, dark)
    for x, y, r in blobs:
        brush.oval(x, y, r * 0.85, r * 0.75, leaves)
    for x, y, r in blobs[:4]:
        brush.oval(x - 0.08, y + 0.1, r * 0.4, r * 0.3, light)


def flower(brush: Brush, petals: RGB, heart: RGB, stem: RGB) -> None:
    """A flower head of five petals on a stem."""
    brush.line([(0.0, 0.0), (0.0, 0.7)], 0.1, stem)
    brush.shape([(0.0, 0.12), (0.22, 0.42), (0.03, 0.3)], stem)
    for x, y in ((0.0, 0.93), (0.21, 0.78), (0.13, 0.55), (-0.13, 0.55), (-0.21, 0.78)):
        brush.oval(x, y, 0.15, 0.15, petals)
    brush.oval(0.0, 0.73, 0.1, 0.1, heart)
