"""Which captions are true of which scenes, as matrices: the targets of training."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from embedded.scenes.captions import Caption
from embedded.scenes.scene import Scene
from embedded.scenes.vocabulary import ATTRIBUTES, VALUES

COLUMNS = [(attribute, value) for attribute in ATTRIBUTES for value in VALUES[attribute]]
"""One column per value of every attribute."""


def scene_rows(scenes: Sequence[Scene]) -> Tensor:
    """One-hot per attribute: float32 (scenes, columns)."""
    return torch.tensor([[getattr(scene, name) == value for name, value in COLUMNS] for scene in scenes]).float()


def caption_rows(captions: Sequence[Caption]) -> Tensor:
    """What each caption allows, all values where it states none: float32 (captions, columns)."""
    return allowed_rows([caption.stated for caption in captions])


def allowed_rows(stated: Sequence[Mapping[str, Sequence[str]]]) -> Tensor:
    """Like `caption_rows`, from the statements alone."""
    rows = [[name not in states or value in states[name] for name, value in COLUMNS] for states in stated]
    return torch.tensor(rows).float()


def true_of(allowed: Tensor, scenes: Tensor) -> Tensor:
    """1.0 where all five attributes of a scene are allowed, else 0.0: (captions, scenes)."""
    return (allowed @ scenes.T > len(ATTRIBUTES) - 0.5).float()


def class_targets(captions: Sequence[Caption]) -> Tensor:
    """Per attribute the index of the one value a caption states, -100 where none: int64 (captions, attributes)."""
    return torch.tensor([[_class_index(caption, attribute) for attribute in ATTRIBUTES] for caption in captions])


def _class_index(caption: Caption, attribute: str) -> int:
    values = caption.stated.get(attribute, ())
    return VALUES[attribute].index(values[0]) if len(values) == 1 else -100
