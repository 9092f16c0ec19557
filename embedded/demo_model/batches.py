"""Training batches: pictures of pairs, four captions per pair, and which caption is true of which picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from torch import Tensor
from transformers import CLIPTokenizer

from embedded.demo_model.architecture import demo_processor
from embedded.demo_model.pool import Pair, Pool
from embedded.demo_model.truth import allowed_rows, caption_rows, class_targets, scene_rows
from embedded.scenes.captions import Caption, caption, full_caption, short_caption, word_captions

STRAY_WORDS = 0.08
"""Share of captions that get a made-up word, so that words outside the vocabulary move a vector little."""

SHIFT = 4
"""Pictures move by up to this many pixels in each direction."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`n` pairs. Pictures: all originals, then all changed ones. Captions: full ones in that order, short, changes."""

    pixels: Tensor
    """float32 (2n, 3, side, side), normalised."""
    input_ids: Tensor
    attention_mask: Tensor
    scenes: Tensor
    """One-hot rows of the pictures' attributes: (2n, columns)."""
    allowed: Tensor
    """Rows of what the captions allow: (4n, columns)."""
    caption_classes: Tensor
    """Index of the stated value per attribute or -100: (4n, attributes)."""
    wanted: Tensor
    """Rows of the scenes that picture and change text describe together: (n, columns)."""


def batches(pool: Pool, tokenizer: CLIPTokenizer, pairs: int, rng: Random) -> Iterator[Batch]:
    """Endless batches; the pool is shuffled again in every round."""
    order = list(range(len(pool.pairs)))
    while True:
        rng.shuffle(order)
        for start in range(0, len(order) - pairs + 1, pairs):
            yield _batch(pool, sorted(order[start : start + pairs]), tokenizer, rng)


def _batch(pool: Pool, chosen: list[int], tokenizer: CLIPTokenizer, rng: Random) -> Batch:
    pairs = [pool.pairs[index] for index in chosen]
    scenes = [pair.before for pair in pairs] + [pair.after for pair in pairs]
    captions = [full_caption(scene, rng) for scene in scenes]
    captions += [_short(pair, rng) for pair in pairs]
    captions += [caption(pair.after, (pair.attribute,), rng) for pair in pairs]
    texts = [_with_stray_word(each.text, rng) for each in captions]
    encoded = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    pictures = torch.from_numpy(np.concatenate([pool.pictures[chosen, 0], pool.pictures[chosen, 1]]))
    return Batch(
        pixels=normalised(augmented(pictures.float(), rng)),
        input_ids=encoded["input_ids"],
        attention_mask=encoded["attention_mask"],
        scenes=scene_rows(scenes),
        allowed=caption_rows(captions),
        caption_classes=class_targets(captions),
        wanted=allowed_rows([{name: (value,) for name, value in pair.after.attributes().items()} for pair in pairs]),
    )


def _short(pair: Pair, rng: Random) -> Caption:
    if rng.random() < 0.06:
        return rng.choice(word_captions())
    return short_caption(rng.choice((pair.before, pair.after)), rng)


def _with_stray_word(text: str, rng: Random) -> str:
    if rng.random() >= STRAY_WORDS:
        return text
    words = text.split()
    stray = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 8)))
    words.insert(rng.randint(0, len(words)), stray)
    return " ".join(words)


def augmented(pictures: Tensor, rng: Random) -> Tensor:
    """Augmentation: half of the pictures mirrored, all of them shifted and made brighter or darker at random."""
    flips = torch.tensor([rng.random() < 0.5 for _ in range(len(pictures))])
    pictures = torch.where(flips[:, None, None, None], pictures.flip(-1), pictures)
    padded = torch.nn.functional.pad(pictures, (SHIFT,) * 4, mode="replicate")
    side, moved = pictures.shape[-1], torch.empty_like(pictures)
    for index in range(len(pictures)):
        top, left = rng.randint(0, 2 * SHIFT), rng.randint(0, 2 * SHIFT)
        moved[index] = padded[index, :, top : top + side, left : left + side]
    gains = torch.tensor([rng.uniform(0.93, 1.07) for _ in range(len(pictures))])
    return (moved * gains[:, None, None, None]).clamp(0, 255)


def normalised(pictures: Tensor) -> Tensor:
    """From 0..255 to the model's input, exactly as its processor does."""
    processor = demo_processor()
    mean, spread = torch.tensor(processor.image_mean), torch.tensor(processor.image_std)
    return (pictures / 255 - mean[:, None, None]) / spread[:, None, None]
