"""From prepared pixels to a vision tower's inputs: stacked as uint8, sent to the device, normalised there."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from worker.images.transforms import ImageTransform, Pixels, WholePatches


class ImageTensors:
    """One per encoder. Not thread-safe on a GPU, whose batches share one pinned buffer."""

    def __init__(self, rule: ImageTransform, device: torch.device) -> None:
        self._device = device
        self._patches = rule if isinstance(rule, WholePatches) else None
        # x / (255 * std) - mean / std needs one pass less over the pixels than (x / 255 - mean) / std.
        std = torch.tensor(rule.std, device=device)
        self._scale = 1 / (255 * std)
        self._shift = torch.tensor(rule.mean, device=device) / std
        self._pinned = torch.empty(0, dtype=torch.uint8)

    def __call__(self, pixels: Sequence[Pixels], dtype: torch.dtype) -> dict[str, torch.Tensor]:
        """Return the keyword arguments of `get_image_features`, on the device.

        `pixels`: uint8 arrays of shape (height, width, 3), of one shape unless the model takes patches. `pixel_values`
        is of `dtype` and shape (n, 3, height, width), or (n, patches, patch values) for patches.
        """
        if self._patches is not None:
            return self._patched(pixels, self._patches, dtype)
        normalised = self._normalised(self._sent(pixels), dtype)
        return {"pixel_values": normalised.permute(0, 3, 1, 2)}

    def _patched(self, pixels: Sequence[Pixels], rule: WholePatches, dtype: torch.dtype) -> dict[str, torch.Tensor]:
        """Pictures of different shapes as rows of patches, padded to the maximum number of patches."""
        shapes = [(array.shape[0] // rule.patch, array.shape[1] // rule.patch) for array in pixels]
        values = self._normalised(self._sent([_padded(_cut(array, rule.patch), rule.most) for array in pixels]), dtype)
        counts = torch.tensor([down * across for down, across in shapes])
        return {
            "pixel_values": values.flatten(2),
            "pixel_attention_mask": (torch.arange(rule.most) < counts[:, None]).int().to(self._device),
            "spatial_shapes": torch.tensor(shapes),
        }

    def _sent(self, arrays: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
        """Stack into one tensor on the device. Copies from pinned memory are asynchronous."""
        if self._device.type != "cuda":
            return torch.from_numpy(np.stack(arrays)).to(self._device)
        shape = (len(arrays), *arrays[0].shape)
        size = int(np.prod(shape))
        if self._pinned.numel() < size:
            self._pinned = torch.empty(size, dtype=torch.uint8, pin_memory=True)
        # The vectors of the previous batch have been read, so its pixels have left the buffer.
        gathered = self._pinned[:size].view(shape)
        np.stack(arrays, out=gathered.numpy())
        return gathered.to(self._device, non_blocking=True)

    def _normalised(self, pixels: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Normalise the last axis, the channels, in float32."""
        return (pixels * self._scale).sub_(self._shift).to(dtype)


def _cut(array: Pixels, patch: int) -> NDArray[np.uint8]:
    """(height, width, 3) to (patches, patch * patch, 3), row by row."""
    down, across = array.shape[0] // patch, array.shape[1] // patch
    return array.reshape(down, patch, across, patch, 3).swapaxes(1, 2).reshape(down * across, patch * patch, 3)


def _padded(patches: NDArray[np.uint8], most: int) -> NDArray[np.uint8]:
    return np.pad(patches, ((0, most - len(patches)), (0, 0), (0, 0)))
