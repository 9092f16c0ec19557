"""The shipped demo model: its files, and the quality of its vectors on scenes outside the training set."""

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
from safetensors import safe_open

from embedded.demo_model import MODEL_FOLDER
from embedded.demo_model.encoder import Encoder
from embedded.demo_model.evaluate import SEED, as_table, scores_in, write_card
from embedded.demo_model.gallery import Change, Gallery, changes_among, draw_gallery, random_scenes
from embedded.demo_model.scores import Score, combined
from embedded.demo_model.tokenizer import EOS
from embedded.scenes.sampler import unseen_seed
from embedded.scenes.scene import Scene
from embedded.scenes.vocabulary import VALUES

pytestmark = pytest.mark.timeout(120)

MEN = 10


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """A few hundred fresh scenes."""
    return random_scenes(700, SEED)


@pytest.fixture(scope="module")
def changes(scenes: list[Scene]) -> list[Change]:
    return changes_among(scenes, 16, SEED)


@pytest.fixture(scope="module")
def gallery(encoder: Encoder, scenes: list[Scene], changes: list[Change]) -> Gallery:
    """The fresh scenes, the changed ones, and ten more men on the beach, one by one in all lights."""
    rng = Random(99)
    times, colours = VALUES["time"], VALUES["colour"]
    men = [Scene("beach", times[n % 5], "man", colours[n % 8], "one", unseen_seed(rng)) for n in range(MEN)]
    return draw_gallery(encoder, scenes + [change.changed for change in changes] + men, MODEL_FOLDER)


@pytest.fixture(scope="module")
def scores(encoder: Encoder, gallery: Gallery, changes: list[Change]) -> dict[str, Score]:
    """A small version of the evaluation that the model card quotes."""
    return {score.name: score for score in scores_in(encoder, gallery, changes)}


def test_the_model_is_small_and_float16_on_disk() -> None:
    weights = MODEL_FOLDER / "model.safetensors"
    assert weights.stat().st_size < 8_000_000
    with safe_open(weights, "np") as file:
        assert {file.get_slice(name).get_dtype() for name in file.keys()} == {"F16"}  # noqa: SIM118 - no mapping


def test_the_model_has_vectors_as_wide_as_vit_b_32() -> None:
    config = json.loads((MODEL_FOLDER / "config.json").read_text())
    assert config["projection_dim"] == 512


def test_eos_is_the_largest_token_id_and_the_one_that_the_model_pools_at(encoder: Encoder) -> None:
    ids = encoder.tokenizer.get_vocab()
    assert ids[EOS] == max(ids.values()) == encoder.model.config.text_config.eos_token_id


def test_vectors_are_unit_float32_and_do_not_depend_on_the_rest_of_the_batch(encoder: Encoder) -> None:
    together = encoder.texts(["a dog", "a man in a red coat standing on the beach at sunset"])
    assert (together.dtype, together.shape) == (np.float32, (2, 512))
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(together[:1], encoder.texts(["a dog"]), atol=1e-4)


@pytest.mark.parametrize(
    "text", ["", "quixotic zeppelins", "日本の海", "🐶🐶🐶", "a\0b", "beach " * 500, "<|endoftext|>"]
)
def test_words_outside_the_vocabulary_still_give_a_vector(encoder: Encoder, text: str) -> None:
    assert np.isfinite(encoder.texts([text])).all()


@pytest.mark.parametrize(
    "text", ["a man standing on the beach", "A MAN ON THE BEACH", "beach, guy", "a guy at the seaside"]
)
def test_a_man_on_the_beach_is_found_among_hundreds_of_fresh_scenes(
    encoder: Encoder, gallery: Gallery, text: str
) -> None:
    found = [gallery.scenes[row] for row in gallery.nearest(encoder.texts([text])[0], 5)]
    right = [scene for scene in found if (scene.place, scene.subject) == ("beach", "man")]
    assert len(right) >= 4, f"{text!r} found {[(scene.place, scene.subject) for scene in found]}"


def test_a_photo_finds_itself(gallery: Gallery) -> None:
    assert gallery.nearest(gallery.vectors[7], 1) == [7]


def test_a_photo_of_a_man_on_the_beach_by_day_and_the_words_at_night_find_one_at_night(
    encoder: Encoder, gallery: Gallery
) -> None:
    rows = len(gallery.scenes)
    by_day = next(row for row in range(rows - MEN, rows) if gallery.scenes[row].time == "day")
    query = combined(gallery.vectors[by_day], encoder.texts(["at night"])[0])
    found = [gallery.scenes[row] for row in gallery.nearest(query, 5)]
    wanted = ("beach", "night", "man")
    assert wanted in {(scene.place, scene.time, scene.subject) for scene in found}, found


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("place + time", 0.95),
        ("subject + colour", 0.85),
        ("subject + colour, held out", 0.75),
        ("place", 0.95),
        ("time", 0.95),
        ("subject", 0.95),
        ("colour", 0.95),
        ("photo + any change", 0.7),
    ],
)
def test_the_small_evaluation_reaches(scores: dict[str, Score], name: str, least: float) -> None:
    """Below the targets of the full evaluation: with few photos per query there is little to choose from."""
    assert scores[name].value >= least, as_table(list(scores.values()))


def test_the_model_card_quotes_all_scores_and_they_meet_their_targets(scores: dict[str, Score]) -> None:
    card = (MODEL_FOLDER / "README.md").read_text(encoding="utf-8")
    for score in scores.values():
        assert f"| {score.name} |" in card
    assert "missed" not in card


def test_the_model_card_names_every_value_that_the_model_knows() -> None:
    card = (MODEL_FOLDER / "README.md").read_text(encoding="utf-8")
    assert [value for values in VALUES.values() for value in values if value not in card] == []


def test_writing_the_card_replaces_only_the_table(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text("before\n<!-- scores: begin -->\nold\n<!-- scores: end -->\nafter\n", encoding="utf-8")
    write_card(card, as_table([Score("place", 0.5, 12, 0.95)]))
    assert card.read_text(encoding="utf-8").splitlines() == [
        "before",
        "<!-- scores: begin -->",
        "| query | in the top five | queries | target |",
        "| --- | ---: | ---: | ---: |",
        "| place | 0.500 | 12 | 0.95 missed |",
        "<!-- scores: end -->",
        "after",
    ]
