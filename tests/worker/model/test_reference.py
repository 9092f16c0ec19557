"""Vectors equal the reference: Hugging Face's CLIPModel, Pillow processor and tokenizer, in float32, one at a time."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

from embedded.demo_model import MODEL_FOLDER
from shared.settings import Settings
from tests.pictures import AWKWARD
from tests.tiny_model import save_full_size_model
from worker.images.decoder import decode
from worker.model.batcher import Batcher
from worker.model.encoder import ClipEncoder
from worker.search.fusion import fuse

TEXTS = [
    "a man standing on the beach",
    "a dog",
    "two red boats in the harbour at night",
    "Ein Hund läuft über die Straße",
    "",
    " ",
    "!?",
    "UPPER case",
    "emoji 🐕 and 漢字",
    "a\tb\nc",
    *(f"{n} small houses, the {n}th of them blue" for n in range(20)),
    "long " * 40,
    "word " * 400,
]


@pytest.fixture(scope="module", params=["demo", "full size"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "demo":
        return MODEL_FOLDER
    return save_full_size_model(tmp_path_factory.mktemp("models") / "full-size")


@pytest.fixture(scope="module")
def batcher(model: Path) -> Iterator[tuple[Batcher, ClipEncoder]]:
    encoder = ClipEncoder(Settings(model=str(model), dtype="float32", quick_pixels=False))
    running = Batcher(encoder)
    yield running, encoder
    running.close()


@pytest.fixture(scope="module")
def reference(model: Path) -> Any:
    return CLIPModel.from_pretrained(model, dtype=torch.float32).eval()


def unit(features: torch.Tensor) -> np.ndarray:
    return torch.nn.functional.normalize(features[0], dim=-1).numpy()


@torch.inference_mode()
def reference_image(reference: Any, model: Path, content: bytes) -> np.ndarray:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    if image.mode == "I;16":
        # The reference cuts values above 255 off (docs/models.md).
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    pixels = CLIPImageProcessorPil.from_pretrained(model)(images=image, return_tensors="pt")["pixel_values"]
    return unit(reference.get_image_features(pixel_values=pixels).pooler_output)


@torch.inference_mode()
def reference_text(reference: Any, model: Path, text: str) -> np.ndarray:
    most = reference.config.text_config.max_position_embeddings
    tokens = CLIPTokenizer.from_pretrained(model)(text, truncation=True, max_length=most, return_tensors="pt")
    return unit(reference.get_text_features(**tokens).pooler_output)


def test_images_of_every_kind_get_the_reference_vector(batcher, reference, model):
    running, encoder = batcher
    contents = {name: make() for name, make in AWKWARD.items()}
    futures = {
        name: running.submit_image(encoder.prepare(decode(content, 50_000_000))) for name, content in contents.items()
    }
    assert len(futures) == 32
    cosines = {
        name: float(future.result().vector @ reference_image(reference, model, contents[name]))
        for name, future in futures.items()
    }
    assert {name: cosine for name, cosine in cosines.items() if cosine < 0.9999} == {}


def test_texts_of_every_kind_get_the_reference_vector(batcher, reference, model):
    running, _ = batcher
    assert len(TEXTS) == 32
    futures = [running.submit_text(text) for text in TEXTS]
    cosines = {
        text: float(future.result().vector @ reference_text(reference, model, text))
        for text, future in zip(TEXTS, futures, strict=True)
    }
    assert {text: cosine for text, cosine in cosines.items() if cosine < 0.9999} == {}


def test_text_and_image_combine_to_the_normalised_mean(batcher, reference, model):
    running, encoder = batcher
    content = AWKWARD["rgb jpeg"]()
    image = running.submit_image(encoder.prepare(decode(content, 50_000_000))).result().vector
    text = running.submit_text("at night").result().vector
    mean = (reference_image(reference, model, content) + reference_text(reference, model, "at night")) / 2
    assert float(fuse([text, image], [1.0, 1.0]) @ (mean / np.linalg.norm(mean))) >= 0.9999
