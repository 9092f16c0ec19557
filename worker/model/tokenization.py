"""Texts to token tensors: each model's own rule, padded no further than needed, like lengths together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class TextTokenizer:
    """How a model wants its texts.

    `always_padded`: it was trained on texts of full length and pools at the last place, so that each is padded to
    `max_tokens`. `lower_cased`: its training texts were; not every tokenizer on the hub does it by itself.
    """

    tokenizer: Any
    max_tokens: int
    always_padded: bool = False
    lower_cased: bool = False

    def tokens(self, texts: Sequence[str]) -> dict[str, torch.Tensor]:
        """Whatever this tokenizer gives its model, each of shape (n, length of the longest)."""
        chosen = [text.lower() for text in texts] if self.lower_cased else list(texts)
        padding = "max_length" if self.always_padded else True
        return dict(
            self.tokenizer(
                chosen, padding=padding, truncation=True, max_length=self.max_tokens, return_tensors="pt"
            ).items()
        )

    def groups(
        self, tokens: dict[str, torch.Tensor], pass_tokens: int
    ) -> Iterator[tuple[list[int], dict[str, torch.Tensor]]]:
        """Rows that go through the model together, and their tokens, cut to the longest of them.

        `pass_tokens` is what one more forward pass costs, in tokens: padding that saves less is left in.
        """
        mask = tokens.get("attention_mask")
        if self.always_padded or mask is None or len(mask) == 1:
            yield list(range(len(tokens["input_ids"]))), tokens
            return
        lengths = mask.sum(dim=1).tolist()
        for rows in group_by_length(lengths, pass_tokens):
            longest = lengths[rows[-1]]
            columns = slice(0, longest) if self.tokenizer.padding_side == "right" else slice(-longest, None)
            yield rows, {name: values[rows, columns] for name, values in tokens.items()}


def group_by_length(lengths: Sequence[int], pass_tokens: int) -> list[list[int]]:
    """Split indices into groups, each from its shortest to its longest.

    A group ends where padding it to the next length would add more than `pass_tokens`.
    """
    groups: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        group = groups[-1] if groups else []
        if group and len(group) * (lengths[index] - lengths[group[-1]]) <= pass_tokens:
            group.append(index)
        else:
            groups.append([index])
    return groups
