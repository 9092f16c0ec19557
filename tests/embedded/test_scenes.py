"""The scene generator: deterministic, complete over its vocabulary, honest about what training may see."""

import csv
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from embedded.scenes.captions import caption, description, full_caption, short_caption, word_captions
from embedded.scenes.cast import REACH, place_subjects
from embedded.scenes.painter import paint
from embedded.scenes.sampler import FIRST_UNSEEN_SEED, random_scene, training_change, training_scene
from embedded.scenes.samples import COLUMNS, draw_samples, sample_scenes
from embedded.scenes.scene import Scene, is_held_out, is_plausible
from embedded.scenes.subjects import SUBJECT_PAINTERS
from embedded.scenes.view import CENTRE, HEIGHT, WIDTH
from embedded.scenes.vocabulary import ATTRIBUTES, COLOURS, COUNTS, PLACES, SUBJECTS, TIMES, VALUES

BEACH = Scene("beach", "sunset", "man", "red", "one", seed=4)

random_scenes = st.integers(0, 1 << 32).map(lambda seed: random_scene(Random(seed)))


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_samples(tmp_path_factory.mktemp("samples") / "photos", count=24)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "photos.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_vocabulary_is_as_large_as_promised() -> None:
    assert len(PLACES) >= 12
    assert len(TIMES) >= 4
    assert len(SUBJECTS) >= 14
    assert len(COLOURS) >= 8
    assert COUNTS == ("one", "two", "three")


def test_the_same_scene_gives_the_same_pixels() -> None:
    assert paint(BEACH).tobytes() == paint(BEACH).tobytes()


def test_another_seed_gives_another_picture_of_the_same_scene() -> None:
    assert paint(BEACH).tobytes() != paint(BEACH.changed("count", "one", seed=5)).tobytes()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("time", TIMES)
def test_every_place_draws_at_every_time(place: str, time: str) -> None:
    picture = paint(Scene(place, time, "dog", "white", "one", seed=1), oversampling=1)
    assert (picture.mode, picture.size) == ("RGB", (WIDTH, HEIGHT))
    assert len(np.unique(np.asarray(picture))) > 100, "a picture this flat has not been painted"


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("count", COUNTS)
def test_every_subject_shows_its_colour_in_every_count(subject: str, count: str) -> None:
    red, blue = (paint(Scene("lake", "night", subject, colour, count, seed=2), 1) for colour in ("red", "blue"))
    differing = int((np.asarray(red) != np.asarray(blue)).any(axis=-1).sum())
    assert differing > 0.015 * WIDTH * HEIGHT, f"only {differing} pixels tell a red {subject} from a blue one"


@given(st.sampled_from(SUBJECTS), st.sampled_from(COUNTS), st.integers(0, 10_000))
def test_subjects_stay_inside_the_middle_square(subject: str, count: str, seed: int) -> None:
    painter = SUBJECT_PAINTERS[subject]
    for position in place_subjects(painter, count, 260, Random(seed)):
        half = painter.half_width * position.height
        assert position.x - half >= CENTRE - REACH - 0.01
        assert position.x + half <= CENTRE + REACH + 0.01


def test_a_value_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(ValueError, match="place 'moon' is not one of beach"):
        Scene("moon", "day", "man", "red", "one", seed=0)


@given(st.integers(0, 1 << 32))
def test_training_never_sees_a_held_out_scene_or_an_unseen_seed(seed: int) -> None:
    rng = Random(seed)
    before = training_scene(rng)
    attribute, after = training_change(before, rng)
    for scene in (before, after):
        assert not is_held_out(scene)
        assert is_plausible(scene.place, scene.subject)
        assert scene.seed < FIRST_UNSEEN_SEED
    changed = {name for name in ATTRIBUTES if getattr(before, name) != getattr(after, name)}
    assert changed == {attribute}


@given(random_scenes)
def test_scenes_for_evaluation_have_seeds_that_training_never_uses(scene: Scene) -> None:
    assert scene.seed >= FIRST_UNSEEN_SEED


def test_held_out_combinations_are_some_of_every_kind_but_never_a_whole_value() -> None:
    every = [
        Scene(place, "day", subject, colour, "one", 0)
        for place in PLACES
        for subject in SUBJECTS
        for colour in COLOURS
        if is_plausible(place, subject)
    ]
    kept = [scene for scene in every if not is_held_out(scene)]
    assert 0.1 < 1 - len(kept) / len(every) < 0.3
    for attribute in ("place", "subject", "colour"):
        assert {getattr(scene, attribute) for scene in kept} == set(VALUES[attribute])


@given(random_scenes, st.sets(st.sampled_from(ATTRIBUTES), min_size=1), st.integers(0, 1 << 32))
def test_a_caption_states_exactly_what_was_asked_for(scene: Scene, attributes: set[str], seed: int) -> None:
    made = caption(scene, attributes, Random(seed))
    assert made.stated == {name: (getattr(scene, name),) for name in attributes}
    assert made.is_true_of(scene)
    assert made.text == " ".join(made.text.split())
    assert made == caption(scene, attributes, Random(seed))


@given(random_scenes, random_scenes, st.integers(0, 1 << 32))
def test_a_full_caption_is_true_only_of_scenes_with_the_same_attributes(one: Scene, other: Scene, seed: int) -> None:
    assert full_caption(one, Random(seed)).is_true_of(other) == (one.attributes() == other.attributes())


@given(random_scenes, st.integers(0, 1 << 32))
def test_a_short_caption_is_true_of_its_scene(scene: Scene, seed: int) -> None:
    assert short_caption(scene, Random(seed)).is_true_of(scene)


def test_a_person_is_a_man_or_a_woman() -> None:
    person = caption(BEACH, ("subject", "place"), Random(1), person=True)
    assert person.is_true_of(BEACH)
    assert person.is_true_of(BEACH.changed("subject", "woman", seed=0))
    assert not person.is_true_of(BEACH.changed("subject", "dog", seed=0))


def test_a_caption_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="attributes must be some of"):
        caption(BEACH, (), Random(0))


def test_every_value_has_a_one_word_caption() -> None:
    assert {word.text for word in word_captions()} == {value for values in VALUES.values() for value in values}


def test_descriptions_read_as_english() -> None:
    assert description(BEACH) == "a man in a red coat on the beach at sunset"
    assert description(Scene("snow", "night", "horse", "orange", "two", 0)) == "two orange horses in the snow at night"
    assert description(Scene("road", "day", "car", "orange", "one", 0)) == "an orange car on the road by day"


def test_samples_are_jpegs_with_an_index(samples: Path) -> None:
    rows = rows_of(samples)
    assert tuple(rows[0]) == COLUMNS
    assert {row["photo_id"] for row in rows} == {f"scene-{number:04}" for number in range(1, 25)}
    assert {path.name for path in samples.iterdir()} == {"photos.tsv", *(row["photo_file"] for row in rows)}
    with Image.open(samples / rows[0]["photo_file"]) as photo:
        assert (photo.format, photo.size) == ("JPEG", (WIDTH, HEIGHT))


def test_samples_hold_men_on_the_beach_and_every_value_about_equally_often() -> None:
    scenes = sample_scenes(600)
    assert len({scene.seed for scene in scenes}) == 600
    men = [scene for scene in scenes if (scene.place, scene.subject, scene.count) == ("beach", "man", "one")]
    assert {scene.time for scene in men} == set(TIMES)
    for attribute in ("place", "time", "subject", "colour"):
        for value in VALUES[attribute]:
            share = sum(getattr(scene, attribute) == value for scene in scenes) / 600 * len(VALUES[attribute])
            rare = value == "boat"
            assert (0.2 if rare else 0.7) < share < 1.6, f"{value} is in {share:.2f} times its fair share"


def test_drawing_samples_again_leaves_a_complete_folder_alone(samples: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in samples.iterdir()}
    assert draw_samples(samples, count=24) == samples
    assert {path.name: path.stat().st_mtime_ns for path in samples.iterdir()} == before


def test_samples_are_completed_after_an_interrupted_run(tmp_path: Path) -> None:
    folder = draw_samples(tmp_path / "photos", count=4)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "scene-0002.jpg").unlink()
    unfinished = tmp_path / ".photos.unfinished"
    unfinished.mkdir()
    (unfinished / "scene-0001.jpg").write_bytes(b"half a pict")

    draw_samples(folder, count=4)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    assert not unfinished.exists()


def test_samples_never_remove_what_is_not_theirs(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "holiday.png").write_bytes(b"mine")
    with pytest.raises(OSError, match="not empty"):
        draw_samples(folder, count=1)
    assert (folder / "holiday.png").read_bytes() == b"mine"


def test_the_scenes_import_without_torch() -> None:
    code = "import sys, embedded.scenes.samples, embedded.scenes.painter; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
