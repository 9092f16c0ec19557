"""Random scenes: uniform over places, subjects, times and colours; one subject is more frequent than three."""

from random import Random

from embedded.scenes.scene import Scene, is_held_out, is_plausible
from embedded.scenes.vocabulary import COLOURS, COUNTS, PLACES, SUBJECTS, TIMES, VALUES

FIRST_UNSEEN_SEED = 1 << 31
"""Training draws its seeds below this number, samples and evaluation at or above it."""

COUNT_WEIGHTS = (4, 3, 3)


def random_scene(rng: Random) -> Scene:
    """A plausible scene, held out or not, with an unseen seed."""
    while True:
        place, subject = rng.choice(PLACES), rng.choice(SUBJECTS)
        if is_plausible(place, subject):
            break
    count = rng.choices(COUNTS, COUNT_WEIGHTS)[0]
    return Scene(place, rng.choice(TIMES), subject, rng.choice(COLOURS), count, unseen_seed(rng))


def training_scene(rng: Random) -> Scene:
    """A scene that training may see: never held out, with a seed below `FIRST_UNSEEN_SEED`."""
    while is_held_out(scene := random_scene(rng)):
        pass
    return scene.changed("count", scene.count, training_seed(rng))


def training_change(scene: Scene, rng: Random) -> tuple[str, Scene]:
    """A scene that training may see and that differs in one attribute, with the name of the attribute."""
    while True:
        attribute, changed = random_change(scene, rng)
        if not is_held_out(changed):
            return attribute, changed.changed("count", changed.count, training_seed(rng))


def random_change(scene: Scene, rng: Random) -> tuple[str, Scene]:
    """A plausible scene, held out or not, that differs in one attribute, with the name of the attribute."""
    while True:
        attribute = rng.choice(tuple(VALUES))
        value = rng.choice([value for value in VALUES[attribute] if value != getattr(scene, attribute)])
        changed = scene.changed(attribute, value, unseen_seed(rng))
        if is_plausible(changed.place, changed.subject):
            return attribute, changed


def training_seed(rng: Random) -> int:
    """A seed that only training uses."""
    return rng.randrange(FIRST_UNSEEN_SEED)


def unseen_seed(rng: Random) -> int:
    """A seed that training never uses."""
    return FIRST_UNSEEN_SEED + rng.randrange(FIRST_UNSEEN_SEED)
