"""Sample pictures and texts for timing a model."""

import numpy as np
from PIL import Image

# Usual lengths of queries and captions: 8 to 14 CLIP tokens.
SAMPLE_TEXTS = (
    "a man standing on the beach at sunset",
    "two red boats in a small harbour",
    "portrait of an old woman with a blue scarf",
    "snow on the mountains behind a dark forest",
    "city street at night with neon lights",
    "a brown dog running through tall grass",
    "close-up of coffee beans in a white cup",
    "empty road through the desert, seen from above",
)
_COUNT = 8


def sample_pictures(edge: int) -> list[Image.Image]:
    """Eight RGB pictures, as varied as photos: plain and detailed, portrait and landscape. The same on every call."""
    generator = np.random.default_rng(5)
    pictures = []
    for number in range(_COUNT):
        # Upscaled coarse noise imitates the large shapes of a photo, fine noise its texture.
        across, down = generator.integers(3, 24, 2)
        size = (edge * 4 // 3, edge) if number % 2 else (edge, edge * 4 // 3)
        shapes = Image.fromarray(generator.integers(0, 256, (down, across, 3), np.uint8)).resize(
            size, Image.Resampling.BICUBIC
        )
        texture = Image.fromarray(generator.integers(0, 256, (*size[::-1], 3), np.uint8))
        pictures.append(Image.blend(shapes, texture, number / (2 * _COUNT)))
    return pictures
