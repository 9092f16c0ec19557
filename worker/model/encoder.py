"""The model: a dual encoder from pixels and texts to unit vectors, loaded once per process."""

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

# Fixed cost of a forward pass in tokens. ViT-B/32's text tower on two cores: 9 ms per pass, 0.09 ms per token. A GPU
# encodes thousands of tokens in the time of one more pass.
_CPU_PASS_TOKENS = 100
_GPU_PASS_TOKENS = 8192


class Encoder(Protocol):
    """Two towers, for images and texts, into one space of `dimension` numbers.

    `name`: what a collection records; other names are other spaces. `edge`: input size in pixels. `batch_size`,
    `text_batch_size`: the largest batches of images and texts. `passes`: how many threads may encode at once.
    `max_tokens`: longer texts are cut.
    `has_thread_per_pass`: on a CPU, each of these threads computes on one core of its own.
    """

    name: str
    dimension: int
    batch_size: int
    text_batch_size: int
    passes: int
    edge: int
    max_tokens: int

    @property
    def has_thread_per_pass(self) -> bool: ...

    def prepare(self, image: Any) -> Pixels:
        """Resize and crop a PIL picture in mode RGB to uint8 pixels of shape (height, width, 3). Thread-safe."""

    def encode_images(self, pixels: Sequence[Pixels]) -> NDArray[np.float32]:
        """Return unit vectors, float32 of shape (n, dimension), of n >= 1 results of `prepare`, in their order.

        The vector of a picture varies with its batch: cosine distance up to 2e-7 in float32 and 2.6e-5 in bfloat16,
        measured with random weights of ViT-B/32.
        Raises what torch raises: RuntimeError, torch.cuda.OutOfMemoryError, MemoryError.
        """

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32 of shape (n, dimension), of n >= 1 texts, in their order.

        Texts are cut at the model's maximum length. Raises what torch raises, as `encode_images`.
        """

    def count_tokens(self, text: str) -> int:
        """The number of tokens of a text that is not cut, with the marks that the model adds. Thread-safe."""

    def facts(self) -> dict[str, Any]:
        """What `/readyz` reports of a worker's model: name, device, dtypes, batch sizes."""


@dataclass(frozen=True)
class TowerPlan:
    """How one tower runs: the name of its torch dtype, and the largest batch of a forward pass."""

    dtype: str
    batch_size: int


@dataclass(frozen=True)
class Plan:
    """How a model runs. On a CPU, concurrent `passes` share the threads equally."""

    images: TowerPlan
    texts: TowerPlan
    passes: int = 1


class ClipEncoder:
    """Any model that `worker/model/loader.py` loads. Safe, slow defaults replace `auto` until `adopt` sets a plan.

    Raises ConfigurationError if the model cannot be loaded, the device is not available, or the towers' vectors
    differ in length.
    """

    def __init__(self, settings: Settings) -> None:
        self.name = model_name(settings.model)
        self.device = prepare_device(settings)
        loaded = load_model(settings.model, quick_resize if settings.quick_pixels else exact_resize)
        self._loaded = loaded
        self._model = loaded.model.to(self.device)
        self.prepare = loaded.image_transform
        self.edge = loaded.image_transform.edge
        self._image_tensors = ImageTensors(loaded.image_transform, self.device)
        self._tokenizer = loaded.tokenizer
        self.max_tokens = loaded.tokenizer.max_tokens
        # Tokenizers are not thread-safe.
        self._tokenizing = threading.Lock()
        # All threads of a model on a CPU. One pass at a time fills a GPU.
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
        """Use this plan from now on. Weights lose precision for good: a later plan cannot restore float32."""
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
        """The number of the model's parameters."""
        return sum(parameter.numel() for parameter in self._model.parameters())

    def config_json(self) -> str:
        """The model's configuration, which determines its speed."""
        config: str = self._model.config.to_json_string()
        return config

    @contextmanager
    def trial(self, kind: Kind, dtype: str) -> Iterator[None]:
        """Run one tower in `dtype` within the context, on copied weights; restore the original ones after it."""
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
        """Threads started within the context get 1/passes of the CPU threads each."""
        try:
            self._share_threads(passes)
            yield
        finally:
            self._share_threads(self.passes)

    def _share_threads(self, passes: int) -> None:
        # A thread copies this setting at its first use of torch and keeps it.
        if self.device.type == "cpu":
            torch.set_num_threads(max(1, self.threads // passes))

    @torch.inference_mode()
    def encode_images(self, pixels: Sequence[Pixels]) -> NDArray[np.float32]:
        inputs = self._image_tensors(pixels, self._dtypes["images"])
        return _unit(self._model.get_image_features(**inputs).pooler_output)

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        order: list[int] = []
        parts: list[NDArray[np.float32]] = []
        with self._tokenizing:
            tokens = self._tokenizer.tokenize(texts)
        for rows, group in self._tokenizer.groups(tokens, self._pass_tokens):
            order += rows
            parts.append(self._text_vectors(group))
        vectors: NDArray[np.float32] = np.concatenate(parts)[np.argsort(order)]
        return vectors

    def count_tokens(self, text: str) -> int:
        with self._tokenizing:
            return self._tokenizer.count(text)

    def _text_vectors(self, tokens: dict[str, torch.Tensor]) -> NDArray[np.float32]:
        inputs = {name: values.to(self.device, non_blocking=True) for name, values in tokens.items()}
        return _unit(self._model.get_text_features(**inputs).pooler_output)

    def _dimension(self) -> int:
        """Run both towers once, as a warm-up and to compare the lengths of their vectors."""
        blank = Image.new("RGB", (self.edge, self.edge))
        images, texts = self.encode_images([self.prepare(blank)]), self.encode_texts(["warm-up"])
        if images.shape != texts.shape:
            raise ConfigurationError(
                f"The model {self.name!r} has image vectors of {images.shape[1]} numbers and text vectors of "
                f"{texts.shape[1]}. Set LICHTBILD_MODEL to a model with equal lengths."
            )
        return int(images.shape[1])


def _unit(features: torch.Tensor) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = torch.nn.functional.normalize(features.float(), dim=-1).cpu().numpy()
    return unit


def model_name(model: str) -> str:
    """The name that a collection records: the hub id, or a folder's name and the digest of its weights."""
    weights = sorted(Path(model).glob("*.safetensors")) if Path(model).is_dir() else []
    if not weights:
        return model
    digest = hashlib.sha256()
    for path in weights:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"{Path(model).resolve().name}@{digest.hexdigest()[:12]}"
