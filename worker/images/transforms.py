"""How each kind of model wants its pictures: CLIP's crop, SigLIP's squeeze, the patches of SigLIP 2 NaFlex."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from PIL import Image
from transformers import Siglip2ImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import get_image_size_for_max_num_patches

from shared.errors import ConfigurationError
from worker.images.center_crop import Pixels, Preprocessor
from worker.images.resize import Scaling, exact


class ImageRule(Protocol):
    """From an RGB picture to the uint8 pixels, shape (height, width, 3), that the model takes; thread-safe.

    `edge` is the shortest side, in pixels, that a picture needs so that nothing is scaled up. `mean` and `std` are per
    channel, of 0..1: the device normalises, not the rule.
    """

    @property
    def edge(self) -> int: ...
    @property
    def mean(self) -> tuple[float, float, float]: ...
    @property
    def std(self) -> tuple[float, float, float]: ...
    def __call__(self, image: Image.Image) -> Pixels: ...


@dataclass(frozen=True)
class Squeeze:
    """The whole picture scaled to `width` x `height`, whatever its shape was."""

    width: int
    height: int
    resample: Image.Resampling
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    scale: Scaling = exact

    @property
    def edge(self) -> int:
        return max(self.width, self.height)

    def __call__(self, image: Image.Image) -> Pixels:
        return np.ascontiguousarray(self.scale(image, (self.width, self.height), self.resample))


@dataclass(frozen=True)
class WholePatches:
    """Scaled to sides of whole patches, keeping its shape, so that `most` patches hold it: pixels of varying shape."""

    patch: int
    most: int
    resample: Image.Resampling
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    scale: Scaling = exact

    @property
    def edge(self) -> int:
        return int(self.most**0.5) * self.patch

    def __call__(self, image: Image.Image) -> Pixels:
        height, width = get_image_size_for_max_num_patches(image.height, image.width, self.patch, self.most)
        return np.ascontiguousarray(self.scale(image, (width, height), self.resample))


def image_rule(processor: Any, scale: Scaling = exact) -> ImageRule:
    """Read a Hugging Face image processor; raise ConfigurationError for one that does something else."""
    if isinstance(processor, Siglip2ImageProcessorPil):
        _check_steps(processor)
        return WholePatches(processor.patch_size, processor.max_num_patches, *_scaling(processor), scale)
    size = dict(processor.size)
    if size.get("shortest_edge") or getattr(processor, "do_center_crop", False):
        return Preprocessor.from_processor(processor, scale)
    _check_steps(processor)
    return Squeeze(size["width"], size["height"], *_scaling(processor), scale)


def _scaling(processor: Any) -> tuple[Image.Resampling, Any, Any]:
    return Image.Resampling(processor.resample), tuple(processor.image_mean), tuple(processor.image_std)


def _check_steps(processor: Any) -> None:
    steps = (processor.do_resize, processor.do_rescale, processor.do_normalize)
    if not all(steps) or abs(processor.rescale_factor * 255 - 1) > 1e-6:
        raise ConfigurationError(
            "LICHTBILD_MODEL: its image processor does not scale and normalise as known models do."
        )
