"""The model: a dual encoder, loaded once per process, from pixels and texts to unit vectors."""

import copy
import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from shared.errors import ConfigurationError
from shared.settings import Settings
from worker.images.resize import exact_resize, quick_resize
from worker.images.transforms import Pixels
from worker.model.device import prepare_device
from worker.model.image_tensors import ImageTensors
from worker.model.loader import Kind, load_model

# What a forward pass of ViT-B/32's text tower costs beside its tokens, in tokens: 9 ms against 0.09 ms for each token
# on two cores. A GPU takes thousands of tokens in the time of one pass more.
_CPU_PASS_TOKENS = 100
_GPU_PASS_TOKENS = 8192


class Encoder(Protocol):
    """Two towers with one space. `prepare` is thread-safe; `passes` threads at a time may encode.

    `batch_size` is the most images, `text_batch_size` the most texts, that should go through at once.
    `has_thread_per_pass`: on a processor, the threads that encode are all that compute, a core for each.
    """

    name: str
    dimension: int
    batch_size: int
    text_batch_size: int
    passes: int
    edge: int

    @property
    def has_thread_per_pass(self) -> bool: ...

    def prepare(self, image: Any) -> Pixels:
        """Scale and crop an RGB picture; thread-safe."""

    def encode_images(self, pixels: Sequence[Pixels]) -> NDArray[np.float32]:
        """Unit vectors, shape (n, dimension)."""

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (n, dimension)."""

    def facts(self) -> dict[str, Any]:
        """What a worker tells about its model."""


@dataclass(frozen=True)
class TowerPlan:
    """How one tower runs: the name of its dtype, and the most inputs in one forward pass."""

    dtype: str
    batch_size: int


@dataclass(frozen=True)
class Plan:
    """How a model runs. Of `passes` side by side on a processor each has its share of the threads."""

    images: TowerPlan
    texts: TowerPlan
    passes: int = 1


class ClipEncoder:
    """Any model of `worker/model/loader.py`. Runs by the settings, `auto` being safe and slow, until it gets a plan."""

    def __init__(self, settings: Settings) -> None:
        self.name = model_name(settings.model)
        self.device = prepare_device(settings)
        loaded = load_model(settings.model, quick_resize if settings.quick_pixels else exact_resize)
        self._loaded = loaded
        self._model = loaded.model.to(self.device)
        self.prepare = loaded.image_transform
        self.edge = loaded.image_transform.edge
        self._pixels = ImageTensors(loaded.image_transform, self.device)
        self._texts = loaded.tokenizer
        # A tokenizer takes one list at a time.
        self._tokenizing = threading.Lock()
        # All that a model on a processor has; on a GPU one pass at a time is what fills it.
        self.threads = torch.get_num_threads() if self.device.type == "cpu" else 1
        self._pass_tokens = _CPU_PASS_TOKENS if self.device.type == "cpu" else _GPU_PASS_TOKENS
        self._dtypes: dict[Kind, torch.dtype] = {"images": torch.float32, "texts": torch.float32}
        tower = TowerPlan(
            "float32" if settings.dtype == "auto" else settings.dtype,
            (8 if self.device.type == "cpu" else 64) if settings.batch_size == "auto" else settings.batch_size,
        )
        self.adopt(Plan(tower, tower))
        self.dimension = self._dimension()

    def adopt(self, plan: Plan) -> None:
        """Run by this plan from now on. Weights that were made coarser stay so: adopt a finer dtype first."""
        self.plan = plan
        self.batch_size = plan.images.batch_size
        self.text_batch_size = plan.texts.batch_size
        self.passes = plan.passes
        self._share_threads(plan.passes)
        towers: dict[Kind, TowerPlan] = {"images": plan.images, "texts": plan.texts}
        for kind, tower in towers.items():
            self._dtypes[kind] = getattr(torch, tower.dtype)
            for part in self._loaded.tower(kind).values():
                part.to(self._dtypes[kind])

    @property
    def has_thread_per_pass(self) -> bool:
        return self.device.type == "cpu" and self.passes == self.threads

    def facts(self) -> dict[str, Any]:
        return {
            "model": self.name,
            "dimension": self.dimension,
            "device": str(self.device),
            "dtype": self.plan.images.dtype,
            "batch_size": self.batch_size,
            "text_dtype": self.plan.texts.dtype,
            "text_batch_size": self.text_batch_size,
            "passes": self.passes,
        }

    def parameters(self) -> int:
        """How many the model has."""
        return sum(parameter.numel() for parameter in self._model.parameters())

    def config_json(self) -> str:
        """The model's shape, which is what its speed hangs on."""
        told: str = self._model.config.to_json_string()
        return told

    @contextmanager
    def trial(self, kind: Kind, dtype: str) -> Iterator[None]:
        """Within, one tower runs in `dtype`, on copied weights; its own come back after."""
        before, parts = self._dtypes[kind], self._loaded.tower(kind)
        wanted: torch.dtype = getattr(torch, dtype)
        if wanted is before:
            yield
            return
        try:
            for name, part in parts.items():
                setattr(self._model, name, copy.deepcopy(part).to(wanted))
            self._dtypes[kind] = wanted
            yield
        finally:
            for name, part in parts.items():
                setattr(self._model, name, part)
            self._dtypes[kind] = before

    @contextmanager
    def passes_side_by_side(self, passes: int) -> Iterator[None]:
        """Within, threads that are started share the processor's between so many passes."""
        try:
            self._share_threads(passes)
            yield
        finally:
            self._share_threads(self.passes)

    def _share_threads(self, passes: int) -> None:
        # A thread takes over at its first use of torch what holds then, and keeps it.
        if self.device.type == "cpu":
            torch.set_num_threads(max(1, self.threads // passes))

    @torch.inference_mode()
    def encode_images(self, pixels: Sequence[Pixels]) -> NDArray[np.float32]:
        inputs = self._pixels(pixels, self._dtypes["images"])
        return _unit(self._model.get_image_features(**inputs).pooler_output)

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        order: list[int] = []
        parts: list[NDArray[np.float32]] = []
        with self._tokenizing:
            every = self._texts.tokens(texts)
        for rows, tokens in self._texts.groups(every, self._pass_tokens):
            order += rows
            parts.append(self._text_vectors(tokens))
        vectors: NDArray[np.float32] = np.concatenate(parts)[np.argsort(order)]
        return vectors

    def _text_vectors(self, tokens: dict[str, torch.Tensor]) -> NDArray[np.float32]:
        inputs = {name: values.to(self.device, non_blocking=True) for name, values in tokens.items()}
        return _unit(self._model.get_text_features(**inputs).pooler_output)

    def _dimension(self) -> int:
        """Run both towers once: so the first query does not pay for it, and a model whose towers differ is told."""
        blank = Image.new("RGB", (self.edge, self.edge))
        images, texts = self.encode_images([self.prepare(blank)]), self.encode_texts(["warm-up"])
        if images.shape != texts.shape:
            raise ConfigurationError(
                f"The model {self.name!r} makes vectors of {images.shape[1]} numbers of images and of {texts.shape[1]} "
                "of texts; LICHTBILD_MODEL needs one that makes the same of both."
            )
        return int(images.shape[1])


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
