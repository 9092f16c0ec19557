"""CLIP models with random weights in the ordinary Hugging Face layout."""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789,.!?'"


def save_tiny_model(folder: Path) -> Path:
    """Two narrow layers, 32-pixel images, 64 dimensions."""
    layers = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    return save_model(
        folder,
        text={**layers, "max_position_embeddings": 32},
        vision={**layers, "image_size": 32, "patch_size": 8},
        projection_dim=64,
    )


def save_full_size_model(folder: Path) -> Path:
    """The shape of ViT-B/32: random weights take as long as the real ones."""
    return save_model(folder, text={}, vision={}, projection_dim=512)


def save_model(folder: Path, text: dict[str, Any], vision: dict[str, Any], projection_dim: int) -> Path:
    folder.mkdir(parents=True)
    vocabulary = _vocabulary()
    # The end-of-text token has the largest id, since transformers pools a text at the largest id.
    text = {
        **text,
        "vocab_size": len(vocabulary),
        "bos_token_id": len(vocabulary) - 2,
        "eos_token_id": len(vocabulary) - 1,
        "pad_token_id": len(vocabulary) - 1,
    }
    torch.manual_seed(7)
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=projection_dim)
    model = CLIPModel(config)
    model.save_pretrained(folder)
    side = config.vision_config.image_size
    CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side}).save_pretrained(
        folder
    )
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=config.text_config.max_position_embeddings)
    tokenizer.save_pretrained(folder)
    return folder


def _vocabulary() -> dict[str, int]:
    tokens = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    return {token: number for number, token in enumerate(tokens)}
