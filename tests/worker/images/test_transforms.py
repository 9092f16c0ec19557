"""Pixels equal those of Hugging Face's Pillow processor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image
from transformers import CLIPImageProcessorPil

from shared.errors import ConfigurationError
from tests.pictures import scribble
from worker.images import transforms
from worker.images.decoder import PICTURE_BOX
from worker.images.resize import exact_resize, quick_resize
from worker.images.transforms import CenterCrop

PLAIN = {"do_rescale": False, "do_normalize": False}


def theirs(processor: CLIPImageProcessorPil, image) -> np.ndarray:
    return np.asarray(processor(images=image, return_tensors="np", **PLAIN)["pixel_values"][0]).transpose(1, 2, 0)


@hypothesis_settings(max_examples=60, deadline=None)
@given(width=st.integers(1, 400), height=st.integers(1, 400), seed=st.integers(0, 3))
def test_every_size_gives_the_same_pixels(width, height, seed):
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}, do_normalize=True
    )
    image = scribble(width, height, seed)
    ours = CenterCrop.from_processor(processor)(image)
    assert ours.dtype == np.uint8
    assert np.array_equal(ours, theirs(processor, image))


def test_a_smaller_crop_than_scale_gives_the_same_pixels():
    processor = CLIPImageProcessorPil(size={"shortest_edge": 40}, crop_size={"height": 32, "width": 32})
    image = scribble(301, 200)
    assert np.array_equal(CenterCrop.from_processor(processor)(image), theirs(processor, image))


def test_a_very_long_picture_is_cropped_before_it_is_scaled_with_nearly_the_same_pixels(monkeypatch):
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    image = scribble(4000, 30)
    monkeypatch.setattr(transforms, "_MAX_SCALED_PIXELS", 1000)
    ours = CenterCrop.from_processor(processor)(image).astype(int)
    assert np.abs(ours - theirs(processor, image)).max() <= 1


def test_only_the_picture_of_a_padded_input_is_used():
    ground = Image.new("RGB", (126, 101), (255, 0, 0))
    ground.paste((0, 0, 255), (0, 0, 125, 100))
    ground.info[PICTURE_BOX] = (0, 0, 124.5, 99.5)
    pixels = CenterCrop.from_processor(CLIPImageProcessorPil())(ground)
    assert (pixels == (0, 0, 255)).all()


def test_a_picture_that_would_scale_to_gigapixels_is_cheap():
    processor = CLIPImageProcessorPil()
    assert CenterCrop.from_processor(processor)(scribble(65_000, 1)).shape == (224, 224, 3)


def test_a_processor_of_another_kind_is_refused():
    with pytest.raises(ConfigurationError, match="lacks one of the steps"):
        CenterCrop.from_processor(CLIPImageProcessorPil(do_center_crop=False))


@hypothesis_settings(max_examples=60, deadline=None)
@given(width=st.integers(20, 700), height=st.integers(20, 700), seed=st.integers(0, 3))
def test_quick_scaling_gives_nearly_the_same_pixels_of_every_size(width, height, seed):
    """Of pictures with hard edges in full colours, which overshoot; photos differ by 1 at most."""
    image = scribble(width, height, seed)
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    quick, exact = (CenterCrop.from_processor(processor, scale)(image) for scale in (quick_resize, exact_resize))
    difference = np.abs(quick.astype(int) - exact)
    assert quick.shape == exact.shape
    assert difference.mean() <= 0.2
    assert (difference > 2).mean() <= 0.01


def test_unsupported_inputs_of_quick_scaling_are_scaled_exactly():
    on_larger_ground = scribble(126, 101)
    on_larger_ground.info[PICTURE_BOX] = (0, 0, 124.5, 99.5)
    for image, resample in ((on_larger_ground, Image.Resampling.BICUBIC), (scribble(90, 70), Image.Resampling.LANCZOS)):
        assert np.array_equal(quick_resize(image, (48, 32), resample), exact_resize(image, (48, 32), resample))


def test_a_picture_too_large_for_one_block_of_memory_is_scaled():
    image = scribble(90, 70).resize((3000, 2400), Image.Resampling.NEAREST)
    with pytest.raises(ValueError, match="contiguous"):
        image.__arrow_c_array__()
    quick, exact = (scale(image, (280, 224), Image.Resampling.BICUBIC) for scale in (quick_resize, exact_resize))
    assert quick.shape == (224, 280, 3)
    assert np.abs(quick.astype(int) - exact).max() <= 2
