"""Texts to token tensors: padded as the model needs, grouped by length."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class TextTokenizer:
    """A model's tokenizer and its padding. Not thread-safe.

    `always_padded`: the model pools at the last position, so that every text is padded to `max_tokens`.
    `lower_cased`: the training texts were lower case, and not every tokenizer on the hub converts to it.
    `clean` is applied to every text first.
    """

    tokenizer: Any
    max_tokens: int
    always_padded: bool = False
    lower_cased: bool = False
    clean: Callable[[str], str] = str

    def tokenize(self, texts: Sequence[str]) -> dict[str, torch.Tensor]:
        """Return the model's keyword arguments: integer tensors of shape (n, length), cut at `max_tokens`."""
        padding = "max_length" if self.always_padded else True
        return dict(
            self.tokenizer(
                [self._chosen(text) for text in texts],
                padding=padding,
                truncation=True,
                max_length=self.max_tokens,
                return_tensors="pt",
            ).items()
        )

    def count(self, text: str) -> int:
        """The number of tokens of a text that is neither cut nor padded."""
        return len(self.tokenizer(self._chosen(text), truncation=False, verbose=False)["input_ids"])

    def _chosen(self, text: str) -> str:
        cleaned = self.clean(text)
        return cleaned.lower() if self.lower_cased else cleaned

    def groups(
        self, tokens: dict[str, torch.Tensor], pass_tokens: int
    ) -> Iterator[tuple[list[int], dict[str, torch.Tensor]]]:
        """Yield (row numbers, their tokens cut to the longest of them), one group per forward pass.

        `pass_tokens` is the fixed cost of a forward pass in tokens: a group is not split to save less padding.
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
    """Group indices by length, each group in ascending order.

    A group ends where padding it to the next length would add more than `pass_tokens` tokens.
    """
    groups: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        group = groups[-1] if groups else []
        if group and len(group) * (lengths[index] - lengths[group[-1]]) <= pass_tokens:
            group.append(index)
        else:
            groups.append([index])
    return groups
