"""The model: CLIP, loaded once per process, from pixels and texts to unit vectors."""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoConfig, AutoTokenizer, CLIPImageProcessorPil, CLIPModel
from transformers.utils import logging as transformers_logging

from shared.errors import ConfigurationError
from shared.settings import Settings
from worker.preprocessor import Pixels, Preprocessor

log = logging.getLogger(__name__)

_CPU_BATCH = 8  # ViT-B/32 in float32 on two cores: 10 images/s at 1, 17 at 8, less at 32.
_GPU_BATCH = 64


class Encoder(Protocol):
    """Two towers with one space. Only `prepare` is thread-safe: the batcher runs the model from one thread."""

    name: str
    dimension: int
    batch_size: int
    edge: int

    def prepare(self, image: Any) -> Pixels:
        """Scale and crop an RGB picture; thread-safe."""

    def encode_images(self, pixels: Sequence[Pixels]) -> NDArray[np.float32]:
        """Unit vectors, shape (n, dimension)."""

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (n, dimension)."""


class ClipEncoder:
    """Any `CLIPModel`, by Hugging Face id or folder."""

    def __init__(self, settings: Settings) -> None:
        self.name = model_name(settings.model)
        self._device = _device(settings.device)
        self._dtype = torch.float32 if settings.dtype == "auto" else getattr(torch, settings.dtype)
        automatic = _CPU_BATCH if self._device.type == "cpu" else _GPU_BATCH
        self.batch_size = automatic if settings.batch_size == "auto" else settings.batch_size
        self._model, self._tokenizer, processor = _load(settings.model, self._dtype)
        self._model = self._model.to(self._device).eval()
        self.dimension = int(self._model.config.projection_dim)
        self.prepare = Preprocessor.from_processor(processor)
        self.edge = self.prepare.edge
        self._mean = self._channels(self.prepare.mean)
        self._std = self._channels(self.prepare.std)
        self._max_tokens = int(self._model.config.text_config.max_position_embeddings)

    @torch.inference_mode()
    def encode_images(self, pixels: Sequence[Pixels]) -> NDArray[np.float32]:
        batch = torch.from_numpy(np.stack(pixels)).to(self._device).permute(0, 3, 1, 2).float()
        batch = ((batch / 255 - self._mean) / self._std).to(self._dtype)
        return self._unit(self._model.get_image_features(pixel_values=batch).pooler_output)

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        tokens = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=self._max_tokens, return_tensors="pt"
        ).to(self._device)
        features = self._model.get_text_features(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
        return self._unit(features.pooler_output)

    def warm_up(self) -> None:
        """Run both towers once, so that the first query does not pay for it."""
        side = self.prepare.crop
        self.encode_images([np.zeros((side, side, 3), np.uint8)])
        self.encode_texts(["warm-up"])

    def _channels(self, values: Sequence[float]) -> torch.Tensor:
        return torch.tensor(values, device=self._device).view(1, 3, 1, 1)

    @staticmethod
    def _unit(features: torch.Tensor) -> NDArray[np.float32]:
        unit: NDArray[np.float32] = torch.nn.functional.normalize(features.float(), dim=-1).cpu().numpy()
        return unit


def model_name(model: str) -> str:
    """What a collection records: the hub id, or for a folder its name and a digest of its weights."""
    weights = sorted(Path(model).glob("*.safetensors")) if Path(model).is_dir() else []
    if not weights:
        return model
    digest = hashlib.sha256()
    for path in weights:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"{Path(model).resolve().name}@{digest.hexdigest()[:12]}"


def _device(wanted: str) -> torch.device:
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigurationError(f"LICHTBILD_DEVICE={wanted!r} cannot be used; `auto` or `cpu` can.") from error
    return device


def _load(model: str, dtype: torch.dtype) -> tuple[Any, Any, Any]:
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        kind = AutoConfig.from_pretrained(model).model_type
        if kind != "clip":
            raise ValueError(f"it is a {kind!r} model, not a 'clip'")
        return (
            CLIPModel.from_pretrained(model, dtype=dtype),
            AutoTokenizer.from_pretrained(model),
            CLIPImageProcessorPil.from_pretrained(model),
        )
    except (
        Exception
    ) as error:  # The libraries raise OSError, ValueError, KeyError and more for a model they cannot read.
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ConfigurationError(
            f"The model {model!r} cannot be loaded: {reason} "
            "Set LICHTBILD_MODEL to a Hugging Face id that can be downloaded or is cached, or to a model folder."
        ) from error
