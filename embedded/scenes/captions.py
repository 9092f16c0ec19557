"""Captions for scenes: from full sentences to single words, each with the attributes it states."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from embedded.scenes.scene import Scene
from embedded.scenes.vocabulary import ATTRIBUTES, VALUES
from embedded.scenes.wording import (
    CLOTHES,
    COLOUR_ALONE,
    COUNT_ALONE,
    COUNT_WORDS,
    OPENINGS,
    PEOPLE,
    PERSON_NOUNS,
    PLACE_NOUNS,
    PLACE_PHRASES,
    SUBJECT_NOUNS,
    TIME_NOUNS,
    TIME_PHRASES,
    VERBS,
)

SHORT_SETS = (
    ("place", "time"),
    ("place", "subject"),
    ("place", "subject"),
    ("subject", "colour"),
    ("subject", "colour"),
    ("time", "subject"),
    ("subject", "count"),
    ("place", "subject", "count"),
    ("place", "time", "subject"),
    ("place", "subject", "colour"),
    ("time", "subject", "colour"),
    ("subject", "colour", "count"),
    ("place", "colour"),
    ("time", "colour"),
)
"""Which attributes a short caption of more than one attribute may state."""


@dataclass(frozen=True, slots=True)
class Caption:
    """A text and, for each attribute that it names, the values it can mean."""

    text: str
    stated: dict[str, tuple[str, ...]]

    def is_true_of(self, scene: Scene) -> bool:
        """Whether the caption is true of the scene."""
        return all(getattr(scene, attribute) in values for attribute, values in self.stated.items())


def full_caption(scene: Scene, rng: Random) -> Caption:
    """A caption that states all five attributes."""
    return caption(scene, ATTRIBUTES, rng)


def short_caption(scene: Scene, rng: Random) -> Caption:
    """A caption that states one to three of the attributes, sometimes of a "person"."""
    attributes = (rng.choice(ATTRIBUTES),) if rng.random() < 0.4 else rng.choice(SHORT_SETS)
    return caption(scene, attributes, rng, person=rng.random() < 0.12)


def caption(scene: Scene, attributes: Iterable[str], rng: Random, *, person: bool = False) -> Caption:
    """A caption of the scene that states exactly the given attributes, in one of many wordings.

    With `person` a man or a woman is only called a person, and the caption is then true of either.
    """
    wanted = frozenset(attributes)
    if not wanted or not wanted <= frozenset(ATTRIBUTES):
        raise ValueError(f"attributes must be some of {', '.join(ATTRIBUTES)}, not {sorted(wanted)}")
    stated: dict[str, tuple[str, ...]] = {name: (getattr(scene, name),) for name in ATTRIBUTES if name in wanted}
    nouns = rng.choice(SUBJECT_NOUNS[scene.subject])
    if person and "subject" in wanted and scene.subject in PEOPLE:
        nouns, stated["subject"] = PERSON_NOUNS, PEOPLE
    return Caption(_text(scene, wanted, nouns, rng), stated)


def description(scene: Scene) -> str:
    """The one plain sentence for a scene: "two men in red coats on the beach at sunset"."""
    single = scene.count == "one"
    singular, plural = SUBJECT_NOUNS[scene.subject][0]
    noun, number = (singular, "a") if single else (plural, scene.count)
    clothes = f"in a {scene.colour} coat" if single else f"in {scene.colour} coats"
    subject = f"{number} {noun} {clothes}" if scene.subject in PEOPLE else f"{number} {scene.colour} {noun}"
    return _with_article(f"{subject} {PLACE_PHRASES[scene.place][0]} {TIME_PHRASES[scene.time][0]}")


def word_captions() -> list[Caption]:
    """The plain word for every value: "beach", "night", "dog", "red", "two"."""
    return [Caption(value, {attribute: (value,)}) for attribute, values in VALUES.items() for value in values]


def _text(scene: Scene, wanted: frozenset[str], nouns: tuple[str, str], rng: Random) -> str:
    if wanted == {"place"}:
        return rng.choice((rng.choice(PLACE_NOUNS[scene.place]), rng.choice(PLACE_PHRASES[scene.place])))
    if wanted == {"time"}:
        return rng.choice((rng.choice(TIME_NOUNS[scene.time]), rng.choice(TIME_PHRASES[scene.time])))
    if wanted == {"colour"}:
        return rng.choice(COLOUR_ALONE).format(scene.colour)
    if wanted == {"count"}:
        return rng.choice(COUNT_ALONE[scene.count])
    if rng.random() < 0.12:
        return _keywords(scene, wanted, nouns[0], rng)
    head = _subject_phrase(scene, wanted, nouns, rng) if "subject" in wanted else _bare_head(scene, wanted, rng)
    return _arranged(head, _circumstances(scene, wanted, rng, head), rng)


def _keywords(scene: Scene, wanted: frozenset[str], noun: str, rng: Random) -> str:
    """The bare words in any order, as people type into a search box: "night beach man"."""
    words = {
        "place": rng.choice(PLACE_NOUNS[scene.place]),
        "time": rng.choice(TIME_NOUNS[scene.time]),
        "subject": noun,
        "colour": scene.colour,
        "count": scene.count,
    }
    typed = [words[attribute] for attribute in ATTRIBUTES if attribute in wanted]
    rng.shuffle(typed)
    return rng.choice((" ", " ", ", ")).join(typed)


def _subject_phrase(scene: Scene, wanted: frozenset[str], nouns: tuple[str, str], rng: Random) -> str:
    """The subject with its count and colour: "two dogs", "a man in a red coat", "red car"."""
    singular, plural = nouns
    number = rng.choice(COUNT_WORDS[scene.count]) if "count" in wanted else rng.choice(("", "the"))
    noun = plural if "count" in wanted and scene.count != "one" else singular
    before, after = _colour_words(scene, rng) if "colour" in wanted else ("", "")
    words = [number, before, noun, after]
    if after == "" and ("place" in wanted or "time" in wanted):
        words.append(rng.choice(VERBS[scene.subject]))
    return _with_article(" ".join(word for word in words if word))


def _colour_words(scene: Scene, rng: Random) -> tuple[str, str]:
    """The colour before the noun ("red") or after it ("in a red coat", "in red")."""
    if scene.subject in PEOPLE and rng.random() < 0.75:
        return "", _with_article(rng.choice(CLOTHES).format(scene.colour))
    return rng.choice(((scene.colour, ""), (scene.colour, ""), (scene.colour, ""), ("", f"in {scene.colour}")))


def _bare_head(scene: Scene, wanted: frozenset[str], rng: Random) -> str:
    """What stands in for the subject when it is not stated: the place, or something coloured or counted."""
    words = []
    if "count" in wanted:
        words.append(rng.choice((scene.count, f"{scene.count} {'thing' if scene.count == 'one' else 'things'}")))
    if "colour" in wanted:
        words.append(rng.choice(COLOUR_ALONE).format(scene.colour))
    if "place" in wanted and not words:
        words.append(rng.choice(("", "the ", "a ")) + rng.choice(PLACE_NOUNS[scene.place]))
    return _with_article(" ".join(words))


def _circumstances(scene: Scene, wanted: frozenset[str], rng: Random, head: str) -> list[str]:
    """Where and when, in either order; the place is left out where it is the head already."""
    parts = []
    if "place" in wanted and ("subject" in wanted or "colour" in wanted or "count" in wanted):
        parts.append(rng.choice(PLACE_PHRASES[scene.place]))
    if "time" in wanted:
        parts.append(rng.choice(TIME_PHRASES[scene.time]))
    rng.shuffle(parts)
    return parts if head else parts[::-1]


def _arranged(head: str, circumstances: list[str], rng: Random) -> str:
    """Mostly head first; sometimes circumstances first, or an opening before the head."""
    draw = rng.random()
    if draw < 0.15:
        return " ".join([*circumstances, head])
    if draw < 0.25:
        return ", ".join([head, *circumstances])
    opening = rng.choice(OPENINGS) if draw < 0.4 else ""
    return opening + " ".join([head, *circumstances])


def _with_article(text: str) -> str:
    """Turns "a orange" into "an orange"."""
    for vowel in "aeiou":
        text = text.replace(f" a {vowel}", f" an {vowel}")
        if text.startswith(f"a {vowel}"):
            text = f"an {text[2:]}"
    return text
