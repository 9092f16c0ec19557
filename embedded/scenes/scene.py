"""One scene: five attributes, and a seed for everything else."""

from dataclasses import dataclass

from embedded.scenes.vocabulary import ATTRIBUTES, COLOURS, PLACES, SUBJECTS, VALUES, WATER_PLACES


@dataclass(frozen=True, slots=True)
class Scene:
    """What a picture shows. The same scene always gives the same picture."""

    place: str
    time: str
    subject: str
    colour: str
    count: str
    seed: int

    def __post_init__(self) -> None:
        for attribute, values in VALUES.items():
            if getattr(self, attribute) not in values:
                raise ValueError(f"{attribute} {getattr(self, attribute)!r} is not one of {', '.join(values)}")

    def attributes(self) -> dict[str, str]:
        """The five attributes by name, without the seed."""
        return {attribute: getattr(self, attribute) for attribute in ATTRIBUTES}

    def changed(self, attribute: str, value: str, seed: int) -> "Scene":
        """The same scene with one attribute changed, drawn anew from `seed`."""
        return Scene(**(self.attributes() | {attribute: value}), seed=seed)


def is_plausible(place: str, subject: str) -> bool:
    """Whether the subject can be in the place: boats need water, all others can be anywhere."""
    return subject != "boat" or place in WATER_PLACES


def is_held_out(scene: Scene) -> bool:
    """Whether training must never see this combination. The evaluation tests exactly these.

    One in eleven pairs of place and subject, and one colour of every subject. The strides are coprime to
    the vocabulary's lengths, so that each place, subject and colour keeps most of its pairs.
    """
    place, subject = PLACES.index(scene.place), SUBJECTS.index(scene.subject)
    return is_held_out_pair(place, subject) or (COLOURS.index(scene.colour) + 3 * subject) % len(COLOURS) == 5


def is_held_out_pair(place: int, subject: int) -> bool:
    """Whether this pair of place and subject, by index, is held out of training."""
    return (3 * place + 4 * subject) % 11 == 6
