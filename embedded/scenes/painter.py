"""Paints a scene: sky, place, subjects, weather, in that order."""

# ruff: noqa: S311 - chance decides pictures and words here, no secrets

from random import Random

from PIL import Image

from embedded.scenes.cast import paint_cast
from embedded.scenes.light import LIGHTS
from embedded.scenes.places import PLACE_PAINTERS
from embedded.scenes.scene import Scene
from embedded.scenes.skies import paint_sky
from embedded.scenes.view import HEIGHT, WIDTH, View
from embedded.scenes.weather import paint_weather


def paint(scene: Scene, oversampling: int = 2) -> Image.Image:
    """The picture of a scene: RGB, WIDTH x HEIGHT, the same for the same scene on the same Pillow.

    Edges are smoothed by drawing `oversampling` times larger. Training draws without: it shrinks the picture
    four times anyway.
    """
    view = View(LIGHTS[scene.time], scene.time, Random(scene.seed), oversampling)
    paint_sky(view)
    stage = PLACE_PAINTERS[scene.place](view)
    paint_cast(view, scene, stage)
    paint_weather(view)
    if oversampling == 1:
        return view.image
    return view.image.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
