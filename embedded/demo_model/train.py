"""Trains the demo model on sample scenes: `python -m embedded.demo_model.train --out DIR --minutes N`."""

# ruff: noqa: S311 - chance decides pictures and words here, no secrets

import argparse
import math
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from transformers import CLIPModel, CLIPTokenizer

from embedded.demo_model.architecture import (
    IMAGE_SIZE,
    PATCH_SIZE,
    TEXT_WIDTH,
    VISION_WIDTH,
    demo_config,
    demo_processor,
)
from embedded.demo_model.batches import Batch, batches
from embedded.demo_model.losses import AttributeHeads, Losses, losses
from embedded.demo_model.pool import load_pool
from embedded.demo_model.tokenizer import build_tokenizer

WARM_UP = 0.04
MAX_LOGIT_SCALE = math.log(100)
"""CLIP's own limit of the temperature."""


def main() -> None:
    """Draws the pool, trains for the given time and saves the model."""
    options = _parser().parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    tokenizer, model = new_tokenizer_and_model() if options.resume is None else saved(options.resume)
    pool = load_pool(options.pairs, options.seed, options.threads)
    source = batches(pool, tokenizer, options.batch, Random(options.seed + (options.resume is not None)))
    print(f"{sum(weight.numel() for weight in model.parameters()) / 1e6:.2f} M parameters, {len(pool.pairs)} pairs")
    for step, share, parts in train(model, source, options.minutes * 60, options.rate):
        if step % 20 == 0:
            _log(step, share, parts)
    save(model, tokenizer, options.out)


class Towers(nn.Module):
    """The model with the attribute heads that only training has."""

    def __init__(self, model: CLIPModel) -> None:
        super().__init__()
        self.model = model
        self.image_heads = AttributeHeads(VISION_WIDTH)
        self.text_heads = AttributeHeads(TEXT_WIDTH)

    def forward(self, batch: Batch) -> Losses:
        """The losses of one batch."""
        seen = self.model.vision_model(pixel_values=batch.pixels).pooler_output
        read = self.model.text_model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).pooler_output
        classes = batch.caption_classes
        return losses(
            batch,
            images=normalize(self.model.visual_projection(seen), dim=-1),
            texts=normalize(self.model.text_projection(read), dim=-1),
            scale=self.model.logit_scale.clamp(max=MAX_LOGIT_SCALE).exp(),
            heads=self.image_heads(seen, classes[: len(seen)]) + self.text_heads(read, classes),
        )


def saved(folder: Path) -> tuple[CLIPTokenizer, CLIPModel]:
    """A trained model in float32, to continue its training. Its attribute heads are new."""
    return CLIPTokenizer.from_pretrained(folder), CLIPModel.from_pretrained(folder, dtype=torch.float32).train()


def new_tokenizer_and_model() -> tuple[CLIPTokenizer, CLIPModel]:
    """A new tokenizer and an untrained float32 model for it."""
    tokenizer = build_tokenizer()
    model = CLIPModel(demo_config(len(tokenizer), tokenizer.bos_token_id, tokenizer.eos_token_id))
    with torch.no_grad():
        positions = model.vision_model.embeddings.position_embedding.weight
        positions[1:] = 0.4 * grid_positions(IMAGE_SIZE // PATCH_SIZE, VISION_WIDTH)
    return tokenizer, model


def grid_positions(side: int, width: int) -> Tensor:
    """Sines and cosines of each patch's row and column, (side * side, width): shapes are learned sooner from these.

    The initial position embeddings of transformers are twenty times smaller than the patch embeddings.
    """
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    rates = math.pi / side * torch.exp(-torch.linspace(-1.0, 1.5, width // 4))
    angles = [axis.flatten()[:, None] * rates for axis in (rows, columns)]
    return torch.cat([wave for angle in angles for wave in (angle.sin(), angle.cos())], dim=1)


def train(
    model: CLIPModel, source: Iterator[Batch], seconds: float, peak_rate: float
) -> Iterator[tuple[int, float, Losses]]:
    """Trains until the time is up; yields each step's number, the share of the time used, and its losses.

    The learning rate follows the clock, not a number of steps, so that a busy machine trains less but always
    completes the schedule.
    """
    towers = Towers(model)
    optimizer = torch.optim.AdamW(towers.parameters(), lr=peak_rate, betas=(0.9, 0.98), weight_decay=0.05)
    start, step = time.monotonic(), 0
    while (share := (time.monotonic() - start) / seconds) < 1:
        for group in optimizer.param_groups:
            group["lr"] = peak_rate * _rate(share)
        parts = towers(next(source))
        optimizer.zero_grad()
        parts.total().backward()
        nn.utils.clip_grad_norm_(towers.parameters(), 1.0)
        optimizer.step()
        step += 1
        yield step, share, parts


def _rate(share: float) -> float:
    """A short linear rise, then half a cosine down to nothing."""
    if share < WARM_UP:
        return share / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (share - WARM_UP) / (1 - WARM_UP)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embedded.demo_model.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write the model to")
    parser.add_argument("--minutes", type=float, default=30, help="training time, without drawing the pictures")
    parser.add_argument("--pairs", type=int, default=24_000, help="pairs of training pictures to draw")
    parser.add_argument("--batch", type=int, default=64, help="pairs per step")
    parser.add_argument("--threads", type=int, default=2, help="processor cores to use")
    parser.add_argument("--seed", type=int, default=7, help="seed of the pictures, captions and initial weights")
    parser.add_argument("--rate", type=float, default=1.2e-3, help="the highest learning rate")
    parser.add_argument("--resume", type=Path, help="folder of a trained model to train further, at a lower rate")
    return parser


def _log(step: int, share: float, parts: Losses) -> None:
    print(
        f"step {step} ({share:.0%}): text to image {parts.text_to_image:.3f}, image to text {parts.image_to_text:.3f}, "
        f"change {parts.change:.3f}, heads {parts.heads:.3f}",
        flush=True,
    )


def save(model: CLIPModel, tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Writes the model as float16 safetensors with tokenizer and processor, as `from_pretrained` expects them."""
    model.half().save_pretrained(folder)  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
    demo_processor().save_pretrained(folder)


if __name__ == "__main__":
    main()
