"""From a decoded picture to the uint8 pixels of a model's input: cropped, squeezed, or in whole patches."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from transformers import Siglip2ImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import get_image_size_for_max_num_patches

from shared.errors import ConfigurationError
from worker.images.decoder import PICTURE_BOX
from worker.images.resize import Resize, exact_resize

Pixels = NDArray[np.uint8]

# If the resized picture would have more pixels (a very long, thin one), only its crop is computed.
_MAX_SCALED_PIXELS = 4_000_000


class ImageTransform(Protocol):
    """From an RGB picture to the model's input: uint8 pixels of shape (height, width, 3). Thread-safe.

    `edge` is the shortest side in pixels that needs no upscaling. `mean` and `std` are per channel, for values of 0..1;
    the device normalises, not the transform.
    """

    @property
    def edge(self) -> int: ...
    @property
    def mean(self) -> tuple[float, float, float]: ...
    @property
    def std(self) -> tuple[float, float, float]: ...
    def __call__(self, image: Image.Image) -> Pixels: ...


@dataclass(frozen=True)
class CenterCrop:
    """Resize the shortest side to `edge`, then crop the central `crop` x `crop` square (CLIP)."""

    edge: int
    crop: int
    resample: Image.Resampling
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resize: Resize = exact_resize

    @classmethod
    def from_processor(cls, processor: Any, resize: Resize = exact_resize) -> "CenterCrop":
        """Read a `CLIPImageProcessor`; raise ConfigurationError if it has other steps."""
        size, crop = dict(processor.size), dict(processor.crop_size or {})
        steps = (processor.do_resize, processor.do_center_crop, processor.do_rescale, processor.do_normalize)
        if not all(steps) or not size.get("shortest_edge") or crop.get("height") != crop.get("width"):
            raise ConfigurationError(
                "LICHTBILD_MODEL: its image processor lacks one of the steps of CLIPImageProcessor."
            )
        if crop["height"] > size["shortest_edge"]:
            raise ConfigurationError("LICHTBILD_MODEL: its image processor crops to more pixels than it resizes to.")
        return cls(
            edge=size["shortest_edge"],
            crop=crop["height"],
            resample=Image.Resampling(processor.resample),
            mean=tuple(processor.image_mean),
            std=tuple(processor.image_std),
            resize=resize,
        )

    def __call__(self, image: Image.Image) -> Pixels:
        """Return uint8 pixels of shape (crop, crop, 3) of an RGB picture or its `PICTURE_BOX`."""
        box: tuple[float, float, float, float] = image.info.get(PICTURE_BOX, (0, 0, *image.size))
        width, height = self._scaled(*box[2:])
        left, top = (width - self.crop) // 2, (height - self.crop) // 2
        if width * height > _MAX_SCALED_PIXELS:
            across, down = box[2] / width, box[3] / height
            box = (left * across, top * down, (left + self.crop) * across, (top + self.crop) * down)
            return np.asarray(image.resize((self.crop, self.crop), self.resample, box=box))
        scaled = self.resize(image, (width, height), self.resample)
        return np.ascontiguousarray(scaled[top : top + self.crop, left : left + self.crop])

    def _scaled(self, width: float, height: float) -> tuple[int, int]:
        if width <= height:
            return self.edge, int(self.edge * height / width)
        return int(self.edge * width / height), self.edge


@dataclass(frozen=True)
class Squeeze:
    """Resize the whole picture to `width` x `height`, ignoring its proportions (SigLIP)."""

    width: int
    height: int
    resample: Image.Resampling
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resize: Resize = exact_resize

    @property
    def edge(self) -> int:
        return max(self.width, self.height)

    def __call__(self, image: Image.Image) -> Pixels:
        return np.ascontiguousarray(self.resize(image, (self.width, self.height), self.resample))


@dataclass(frozen=True)
class WholePatches:
    """Resize to multiples of `patch`, keeping the proportions, in at most `most` patches (NaFlex). The shape varies."""

    patch: int
    most: int
    resample: Image.Resampling
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resize: Resize = exact_resize

    @property
    def edge(self) -> int:
        return int(self.most**0.5) * self.patch

    def __call__(self, image: Image.Image) -> Pixels:
        height, width = get_image_size_for_max_num_patches(image.height, image.width, self.patch, self.most)
        return np.ascontiguousarray(self.resize(image, (width, height), self.resample))


def image_transform(processor: Any, resize: Resize = exact_resize) -> ImageTransform:
    """The transform of a Hugging Face image processor; raise ConfigurationError if it has other steps."""
    if isinstance(processor, Siglip2ImageProcessorPil):
        _check_steps(processor)
        return WholePatches(processor.patch_size, processor.max_num_patches, *_scaling(processor), resize)
    size = dict(processor.size)
    if size.get("shortest_edge") or getattr(processor, "do_center_crop", False):
        return CenterCrop.from_processor(processor, resize)
    _check_steps(processor)
    return Squeeze(size["width"], size["height"], *_scaling(processor), resize)


def _scaling(processor: Any) -> tuple[Image.Resampling, Any, Any]:
    return Image.Resampling(processor.resample), tuple(processor.image_mean), tuple(processor.image_std)


def _check_steps(processor: Any) -> None:
    steps = (processor.do_resize, processor.do_rescale, processor.do_normalize)
    if not all(steps) or abs(processor.rescale_factor * 255 - 1) > 1e-6:
        raise ConfigurationError(
            "LICHTBILD_MODEL: its image processor does not resize and normalise as the supported models do."
        )
