"""The light of each time of day and weather."""

from dataclasses import dataclass
from random import Random

from embedded.scenes.colour import RGB, mix, multiply

Tint = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Light:
    """The colours of one time of day or weather. Tints are factors per channel."""

    sky_top: RGB
    sky_low: RGB
    ground_tint: Tint
    haze: RGB
    haze_near: float
    haze_far: float
    subject_tint: Tint
    subject_veil: float
    rim: RGB
    rim_strength: float
    shadow: int
    lamps: bool
    clouds: RGB

    def tone(self, colour: RGB, depth: float = 0.0) -> RGB:
        """A daylight colour as it looks in this light, `depth` from 0 (near) to 1 (at the horizon)."""
        veil = self.haze_near + (self.haze_far - self.haze_near) * depth
        return mix(multiply(colour, self.ground_tint), self.haze, veil)


LIGHTS: dict[str, Light] = {
    "day": Light(
        sky_top=(62, 142, 226),
        sky_low=(196, 226, 246),
        ground_tint=(1.0, 1.0, 1.0),
        haze=(190, 218, 240),
        haze_near=0.0,
        haze_far=0.5,
        subject_tint=(1.0, 1.0, 1.0),
        subject_veil=0.0,
        rim=(255, 250, 232),
        rim_strength=0.45,
        shadow=95,
        lamps=False,
        clouds=(255, 255, 255),
    ),
    "sunset": Light(
        sky_top=(74, 58, 132),
        sky_low=(255, 168, 84),
        ground_tint=(0.80, 0.60, 0.58),
        haze=(244, 142, 98),
        haze_near=0.04,
        haze_far=0.62,
        subject_tint=(0.97, 0.86, 0.82),
        subject_veil=0.0,
        rim=(255, 208, 132),
        rim_strength=0.85,
        shadow=105,
        lamps=True,
        clouds=(255, 150, 120),
    ),
    "night": Light(
        sky_top=(8, 12, 38),
        sky_low=(38, 54, 104),
        ground_tint=(0.27, 0.32, 0.48),
        haze=(24, 34, 74),
        haze_near=0.05,
        haze_far=0.5,
        subject_tint=(0.80, 0.80, 0.84),
        subject_veil=0.0,
        rim=(190, 210, 255),
        rim_strength=0.75,
        shadow=70,
        lamps=True,
        clouds=(44, 56, 98),
    ),
    "rain": Light(
        sky_top=(84, 94, 108),
        sky_low=(150, 160, 170),
        ground_tint=(0.60, 0.65, 0.70),
        haze=(134, 145, 157),
        haze_near=0.06,
        haze_far=0.62,
        subject_tint=(0.86, 0.88, 0.92),
        subject_veil=0.02,
        rim=(214, 224, 236),
        rim_strength=0.4,
        shadow=45,
        lamps=True,
        clouds=(92, 101, 114),
    ),
    "fog": Light(
        sky_top=(206, 211, 216),
        sky_low=(228, 230, 231),
        ground_tint=(0.92, 0.93, 0.94),
        haze=(222, 225, 227),
        haze_near=0.34,
        haze_far=0.90,
        subject_tint=(0.97, 0.98, 0.99),
        subject_veil=0.13,
        rim=(120, 128, 138),
        rim_strength=0.35,
        shadow=40,
        lamps=False,
        clouds=(220, 223, 226),
    ),
}


def vary(colour: RGB, rng: Random, amount: int = 12) -> RGB:
    """A colour with a small random change per channel, so that no two pictures share a palette."""
    return (
        min(255, max(0, colour[0] + rng.randint(-amount, amount))),
        min(255, max(0, colour[1] + rng.randint(-amount, amount))),
        min(255, max(0, colour[2] + rng.randint(-amount, amount))),
    )
