"""JPEGs decoded at a reduced scale have the same vectors as at full size (benchmarks/reduced_decode.py)."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.drawn_photos import KINDS, SHAPES, jpeg, picture
from embedded.demo_model import MODEL_FOLDER
from shared.settings import Settings
from tests.tiny_model import save_full_size_model
from worker.images.decoder import decode, kept_pixels
from worker.model.encoder import ClipEncoder

LIMIT = 50_000_000


@pytest.fixture(scope="module")
def photos() -> list[bytes]:
    return [jpeg(picture(kind, n, 1200 + 200 * n)) for kind in KINDS for n in range(len(SHAPES))]


@pytest.fixture(scope="module", params=["demo", "full size"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "demo":
        return MODEL_FOLDER
    return save_full_size_model(tmp_path_factory.mktemp("models") / "full-size")


@pytest.mark.slow
def test_the_way_from_bytes_to_vector_with_all_shortcuts_stays_within_0_999(model, photos):
    exact = ClipEncoder(Settings(model=str(model), dtype="float32"))
    short = ClipEncoder(Settings(model=str(model), dtype="bfloat16"))
    shortest = kept_pixels(Settings(), exact.edge)
    reduced = [decode(photo, LIMIT, shortest) for photo in photos]
    whole = [decode(photo, LIMIT) for photo in photos]
    assert sum(a.size != b.size for a, b in zip(reduced, whole, strict=True)) > len(photos) / 2

    cosines = (
        exact.encode_images([exact.prepare(image) for image in whole])
        * short.encode_images([short.prepare(image) for image in reduced])
    ).sum(axis=1)

    assert np.min(cosines) >= 0.999, cosines


def test_it_can_be_turned_off(monkeypatch):
    monkeypatch.setenv("LICHTBILD_QUICK_PIXELS", "false")
    assert kept_pixels(Settings(), 224) is None
