"""CLIP's kin get the vectors that transformers gives them, called the documented way, one input at a time."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    AutoModel,
    AutoTokenizer,
    ChineseCLIPImageProcessorPil,
    CLIPImageProcessorPil,
    Siglip2ImageProcessorPil,
    SiglipImageProcessorPil,
)

from shared.errors import ConfigurationError
from shared.settings import Settings
from tests.pictures import scribble
from tests.tiny_kin import SAVE
from worker.images.transforms import Squeeze, image_transform
from worker.model.encoder import ClipEncoder

PROCESSORS = {
    "clip": CLIPImageProcessorPil,
    "altclip": CLIPImageProcessorPil,
    "siglip": SiglipImageProcessorPil,
    "siglip2": Siglip2ImageProcessorPil,
    "chinese_clip": ChineseCLIPImageProcessorPil,
}
# https://huggingface.co/docs/transformers/model_doc/siglip and …/siglip2: trained on texts of full length, lower case.
FULL_LENGTH = {"siglip", "siglip2"}
TEXTS = [
    "a dog",
    "A Man standing on the BEACH",
    "",
    "word " * 90,
    "一个人站在海滩上",
    "x",
    "two boats, one of them red",
]
SIZES = [(64, 64), (200, 90), (33, 150), (31, 20), (640, 480)]


@pytest.fixture(scope="module", params=sorted(SAVE))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return SAVE[kind](tmp_path_factory.mktemp("kin") / kind)


@pytest.fixture(scope="module")
def encoder(folder: Path) -> ClipEncoder:
    return ClipEncoder(Settings(model=str(folder), dtype="float32", batch_size=8, quick_pixels=False))


@pytest.fixture(scope="module")
def reference(folder: Path) -> Any:
    return AutoModel.from_pretrained(folder, dtype=torch.float32).eval()


def unit(features: torch.Tensor) -> np.ndarray:
    return torch.nn.functional.normalize(features[0], dim=-1).numpy()


@torch.inference_mode()
def test_images_get_the_reference_vector(kind, folder, encoder, reference):
    processor = PROCESSORS[kind].from_pretrained(folder)
    pictures = [scribble(*size, seed) for seed, size in enumerate(SIZES)]
    ours = encoder.encode_images([encoder.prepare(picture) for picture in pictures])
    theirs = [
        unit(reference.get_image_features(**processor(images=picture, return_tensors="pt")).pooler_output)
        for picture in pictures
    ]
    assert ours.shape == (len(pictures), encoder.dimension)
    assert (ours * np.stack(theirs)).sum(axis=1).min() >= 0.9999
    assert (ours @ ours.T).min() < 0.99, "the model does not distinguish the pictures, so this test could not fail"


@torch.inference_mode()
def test_texts_get_the_reference_vector(kind, folder, encoder, reference):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    length = {"clip": 32, "siglip": 16, "siglip2": 16, "altclip": 32, "chinese_clip": 32}[kind]
    padding = {"padding": "max_length"} if kind in FULL_LENGTH else {}
    theirs = []
    for text in TEXTS:
        expected_text = text.lower() if kind in FULL_LENGTH else text
        tokens = tokenizer([expected_text], truncation=True, max_length=length, return_tensors="pt", **padding)
        theirs.append(unit(reference.get_text_features(**tokens).pooler_output))
    ours = encoder.encode_texts(TEXTS)
    assert ours.shape == (len(TEXTS), encoder.dimension)
    assert (ours * np.stack(theirs)).sum(axis=1).min() >= 0.9999
    assert (ours @ ours.T).min() < 0.99


def test_a_blank_picture_of_the_same_shape_is_encoded(encoder):
    """What the batcher asks for to find out whose fault a failure is."""
    pixels = np.zeros_like(encoder.prepare(scribble(90, 40)))
    assert np.isfinite(encoder.encode_images([pixels])).all()


@pytest.mark.parametrize("size", [(64, 64), (200, 90), (1, 300), (33, 150)])
def test_a_squeezed_picture_has_the_reference_pixels(size):
    processor = SiglipImageProcessorPil(size={"height": 32, "width": 48})
    picture = scribble(*size)
    plain = processor(images=picture, do_rescale=False, do_normalize=False, return_tensors="np")["pixel_values"][0]
    rule = image_transform(processor)
    assert isinstance(rule, Squeeze)
    assert rule.edge == 48
    assert np.array_equal(rule(picture), np.asarray(plain).transpose(1, 2, 0))


def test_a_processor_that_leaves_out_a_step_is_refused():
    with pytest.raises(ConfigurationError, match="resize and normalise"):
        image_transform(SiglipImageProcessorPil(do_normalize=False))


def test_a_model_of_another_kind_is_refused_with_the_kinds_that_work(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ConfigurationError, match="'bert'; supported types are altclip, chinese_clip, clip, siglip"):
        ClipEncoder(Settings(model=str(tmp_path)))


def test_rows_of_a_picture_that_is_larger_than_the_others_do_not_change_them(encoder):
    pictures = [encoder.prepare(Image.new("RGB", (40, 30), "red")), encoder.prepare(scribble(300, 60))]
    together = encoder.encode_images(pictures)
    alone = np.concatenate([encoder.encode_images([picture]) for picture in pictures])
    assert (together * alone).sum(axis=1).min() >= 0.9999
