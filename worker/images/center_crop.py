"""Scale and crop pictures exactly as Hugging Face's Pillow `CLIPImageProcessor` does, up to its last step."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.errors import ConfigurationError
from worker.images.decoder import PICTURE_BOX
from worker.images.resize import Scaling, exact

Pixels = NDArray[np.uint8]

# Beyond this many pixels between scaling and cropping (a very long, thin picture) only the crop is computed.
_MAX_SCALED_PIXELS = 4_000_000


@dataclass(frozen=True)
class Preprocessor:
    """Shortest edge to `edge`, then the central `crop` x `crop` square. `mean` and `std` are per channel, of 0..1."""

    edge: int
    crop: int
    resample: Image.Resampling
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    scale: Scaling = exact

    @classmethod
    def from_processor(cls, processor: Any, scale: Scaling = exact) -> "Preprocessor":
        """Read a `CLIPImageProcessor`; raise ConfigurationError for one that does something else."""
        size, crop = dict(processor.size), dict(processor.crop_size or {})
        steps = (processor.do_resize, processor.do_center_crop, processor.do_rescale, processor.do_normalize)
        if not all(steps) or not size.get("shortest_edge") or crop.get("height") != crop.get("width"):
            raise ConfigurationError("LICHTBILD_MODEL: its image processor is not of CLIP's kind.")
        if crop["height"] > size["shortest_edge"]:
            raise ConfigurationError("LICHTBILD_MODEL: its image processor crops more than it scales to.")
        return cls(
            edge=size["shortest_edge"],
            crop=crop["height"],
            resample=Image.Resampling(processor.resample),
            mean=tuple(processor.image_mean),
            std=tuple(processor.image_std),
            scale=scale,
        )

    def __call__(self, image: Image.Image) -> Pixels:
        """Return uint8 pixels of shape (crop, crop, 3) of an RGB picture, or of its `PICTURE_BOX`."""
        box: tuple[float, float, float, float] = image.info.get(PICTURE_BOX, (0, 0, *image.size))
        width, height = self._scaled(*box[2:])
        left, top = (width - self.crop) // 2, (height - self.crop) // 2
        if width * height > _MAX_SCALED_PIXELS:
            across, down = box[2] / width, box[3] / height
            box = (left * across, top * down, (left + self.crop) * across, (top + self.crop) * down)
            return np.asarray(image.resize((self.crop, self.crop), self.resample, box=box))
        scaled = self.scale(image, (width, height), self.resample)
        return np.ascontiguousarray(scaled[top : top + self.crop, left : left + self.crop])

    def _scaled(self, width: float, height: float) -> tuple[int, int]:
        if width <= height:
            return self.edge, int(self.edge * height / width)
        return int(self.edge * width / height), self.edge
