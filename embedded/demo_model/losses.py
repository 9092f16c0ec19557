"""The training objective: contrast in both directions, retrieval by picture and change, attribute heads."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from embedded.demo_model.batches import Batch
from embedded.demo_model.truth import true_of
from embedded.scenes.vocabulary import ATTRIBUTES, VALUES

CHANGE_SCALE = 30.0
"""Fixed, because the cosines with the mean of two unit vectors have another spread."""

HEAD_WEIGHT = 1.5


class AttributeHeads(nn.Module):
    """One linear classifier per attribute on a tower's pooled output; dropped after training.

    Without them training learns a picture's subject, which is small compared with sky and ground, many times slower.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(width, len(VALUES[attribute])) for attribute in ATTRIBUTES)

    def forward(self, pooled: Tensor, targets: Tensor) -> Tensor:
        """Mean cross entropy over the attributes; `targets` is (rows, attributes), -100 where unstated."""
        parts = [cross_entropy(head(pooled), targets[:, column]) for column, head in enumerate(self.heads)]
        return torch.stack(parts).mean()


@dataclass(frozen=True, slots=True)
class Losses:
    """The parts, for the log, and their weighted sum."""

    text_to_image: Tensor
    image_to_text: Tensor
    change: Tensor
    heads: Tensor

    def total(self) -> Tensor:
        """The weighted sum, which training minimises."""
        return self.text_to_image + self.image_to_text + self.change + HEAD_WEIGHT * self.heads


def losses(batch: Batch, images: Tensor, texts: Tensor, scale: Tensor, heads: Tensor) -> Losses:
    """`images` (2n, width) and `texts` (4n, width) are unit vectors; `scale` is the learned temperature.

    A text's targets are all pictures that it is true of, equally: "a dog" is not wrong about a second dog.
    A picture's targets are only full captions: every picture has dozens of true short ones.
    """
    scores = scale * texts @ images.T
    truth = true_of(batch.allowed, batch.scenes)
    pictures = len(images)
    queries = normalize(images[: pictures // 2] + texts[-(pictures // 2) :], dim=-1)
    return Losses(
        text_to_image=_soft_cross_entropy(scores, truth),
        image_to_text=_soft_cross_entropy(scores[:pictures].T, truth[:pictures].T),
        change=_soft_cross_entropy(CHANGE_SCALE * queries @ images.T, true_of(batch.wanted, batch.scenes)),
        heads=heads,
    )


def _soft_cross_entropy(scores: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy against equal shares of all true columns; rows without any are left out."""
    rows = truth.sum(-1) > 0
    targets = truth[rows] / truth[rows].sum(-1, keepdim=True)
    return cross_entropy(scores[rows], targets)
