"""Synthetic pictures of any size for measurements without real photos: drawn scenes, sensor grain, and noise."""

import io
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageOps

from embedded.scenes.cast import paint_cast
from embedded.scenes.light import LIGHTS
from embedded.scenes.places import PLACE_PAINTERS
from embedded.scenes.samples import sample_scenes
from embedded.scenes.skies import paint_sky
from embedded.scenes.view import WIDTH, View
from embedded.scenes.weather import paint_weather

KINDS = ("scene", "grain", "texture")
# Aspect ratios of cameras and web sites. The last two imitate crops, whose sides no power of two divides.
SHAPES = (3 / 2, 4 / 3, 16 / 9, 1.0, 1.3731, 1.6183)


def picture(kind: str, number: int, longest: int) -> Image.Image:
    """An RGB picture whose longest side is `longest` pixels. Every third is in portrait format. Deterministic.

    `scene` is a drawn scene with sharp edges; `grain` adds sensor noise, strong in every frequency, to a scene;
    `texture` is noise with the 1/f spectrum of photos (Field, 1987) and has no large shapes.
    """
    rng = np.random.default_rng(number)
    shorter = round(longest / SHAPES[number % len(SHAPES)])
    if kind == "texture":
        drawn = _texture(rng, longest, shorter)
    else:
        drawn = _scene(number, longest, shorter)
        if kind == "grain":
            drawn = _with_grain(rng, drawn)
    return drawn.transpose(Image.Transpose.ROTATE_90) if number // 2 % 3 == 2 else drawn


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    """A JPEG with chroma at half resolution, as cameras and web sites write it."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return buffer.getvalue()


def draw_photos(folder: Path, count: int, longest: int) -> list[bytes]:
    """Write JPEGs of scenes, every other one with grain, into a new folder, and return their bytes."""
    folder.mkdir()
    photos = [jpeg(picture("grain" if n % 2 else "scene", n, longest), quality=85) for n in range(count)]
    for n, photo in enumerate(photos):
        (folder / f"{n:06}.jpg").write_bytes(photo)
    return photos


def _scene(number: int, width: int, height: int) -> Image.Image:
    scene = sample_scenes(200 + number)[-1]
    view = View(LIGHTS[scene.time], scene.time, Random(scene.seed), -(-width // WIDTH))
    paint_sky(view)
    stage = PLACE_PAINTERS[scene.place](view)
    paint_cast(view, scene, stage)
    paint_weather(view)
    return ImageOps.fit(view.image, (width, height), Image.Resampling.LANCZOS)


def _with_grain(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    pixels = np.asarray(image, np.float32)
    noisy = pixels + rng.normal(0, 10, pixels.shape).astype(np.float32)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def _texture(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    falling = 1 / np.maximum(np.hypot(down, across), 1 / width)
    channels = []
    shared = rng.normal(size=(height, width))
    for _ in range(3):
        noise = shared + 0.5 * rng.normal(size=(height, width))
        field = np.fft.irfft2(np.fft.rfft2(noise) * falling, s=(height, width))
        channels.append(127 + 60 * field / field.std())
    return Image.fromarray(np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8))
