"""Loads a dual encoder: CLIP, SigLIP and related models, each with its image transform and its tokenizer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    ChineseCLIPImageProcessorPil,
    CLIPImageProcessorPil,
    Siglip2ImageProcessorPil,
    SiglipImageProcessorPil,
)
from transformers.utils import logging as transformers_logging

from shared.errors import ConfigurationError
from worker.images.resize import Resize, exact_resize
from worker.images.transforms import ImageTransform, image_transform
from worker.model.text_cleaning import compatible, plain
from worker.model.tokenization import TextTokenizer

Kind = Literal["images", "texts"]
KINDS: tuple[Kind, ...] = ("images", "texts")


@dataclass(frozen=True)
class _Family:
    """How models of one type differ. `reserved`: positions that no token can have."""

    image_processor: Any
    always_padded: bool = False
    lower_cased: bool = False
    reserved: int = 0
    clean: Callable[[str], str] = str


# By `model_type` of config.json. SigLIP 2 of one fixed size calls itself `siglip`; `siglip2` is its NaFlex variant.
_FAMILIES = {
    "clip": _Family(CLIPImageProcessorPil, clean=compatible),
    "siglip": _Family(SiglipImageProcessorPil, always_padded=True, lower_cased=True, clean=plain),
    "siglip2": _Family(Siglip2ImageProcessorPil, always_padded=True, lower_cased=True, clean=plain),
    # XLM-RoBERTa counts positions from its padding token's id + 1, which is 2.
    "altclip": _Family(CLIPImageProcessorPil, reserved=2),
    "chinese_clip": _Family(ChineseCLIPImageProcessorPil),
}
# The names of a tower's modules contain one of these words, in every family.
_TOWER_WORDS: dict[Kind, tuple[str, ...]] = {"images": ("vision", "visual"), "texts": ("text",)}


@dataclass(frozen=True)
class LoadedModel:
    """A model in float32 with two towers, and how to prepare their inputs."""

    model: Any
    image_transform: ImageTransform
    tokenizer: TextTokenizer

    def tower(self, kind: Kind) -> dict[str, torch.nn.Module]:
        """The modules of one tower by name."""
        words = _TOWER_WORDS[kind]
        return {name: part for name, part in self.model.named_children() if any(word in name for word in words)}


def load_model(model: str, resize: Resize = exact_resize) -> LoadedModel:
    """Load a Hugging Face id or folder. Raises ConfigurationError if it cannot be loaded or has an unsupported type."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        kind = AutoConfig.from_pretrained(model).model_type
        if kind not in _FAMILIES:
            raise ValueError(f"its type is {kind!r}; supported types are {', '.join(sorted(_FAMILIES))}.")
        family = _FAMILIES[kind]
        loaded = AutoModel.from_pretrained(model, dtype=torch.float32).eval()
        tokenizer = AutoTokenizer.from_pretrained(model)
        positions = int(loaded.config.text_config.max_position_embeddings) - family.reserved
        return LoadedModel(
            model=loaded,
            image_transform=image_transform(family.image_processor.from_pretrained(model), resize),
            tokenizer=TextTokenizer(
                tokenizer,
                max_tokens=min(positions, int(tokenizer.model_max_length)),
                always_padded=family.always_padded,
                lower_cased=family.lower_cased,
                clean=family.clean,
            ),
        )
    except ConfigurationError:
        raise
    # The libraries raise OSError, ValueError, KeyError and others for a model that they cannot read.
    except Exception as error:
        lines = str(error).strip().splitlines()
        raise ConfigurationError(
            f"The model {model!r} cannot be loaded: {lines[0] if lines else type(error).__name__} "
            "Set LICHTBILD_MODEL to a Hugging Face id that can be downloaded or is cached, or to a model folder."
        ) from error
