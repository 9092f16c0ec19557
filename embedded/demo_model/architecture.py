"""The shape of the demo model: the configurations of its transformer, tokenizer-dependent ids, preprocessing."""

from typing import Final

from transformers import CLIPConfig, CLIPImageProcessor

IMAGE_SIZE: Final = 96
PATCH_SIZE: Final = 12
"""8 x 8 patches: as fast as 64 pixels in patches of 8, with more detail in each."""

PROJECTION: Final = 512
"""The width of ViT-B/32's vectors, so that a collection looks the same with either model."""

TEXT_POSITIONS: Final = 77
TEXT_WIDTH: Final = 128
VISION_WIDTH: Final = 192


def demo_config(vocabulary: int, bos_token_id: int, eos_token_id: int) -> CLIPConfig:
    """About 3 M parameters. `eos_token_id` must not be 2: transformers then pools at the largest token id."""
    text = {
        "vocab_size": vocabulary,
        "hidden_size": TEXT_WIDTH,
        "intermediate_size": 384,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "max_position_embeddings": TEXT_POSITIONS,
        "hidden_act": "gelu",
        "bos_token_id": bos_token_id,
        "eos_token_id": eos_token_id,
        "pad_token_id": eos_token_id,
        "projection_dim": PROJECTION,
    }
    vision = {
        "hidden_size": VISION_WIDTH,
        "intermediate_size": 576,
        "num_hidden_layers": 5,
        "num_attention_heads": 3,
        "image_size": IMAGE_SIZE,
        "patch_size": PATCH_SIZE,
        "hidden_act": "gelu",
        "projection_dim": PROJECTION,
    }
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=PROJECTION)


def demo_processor() -> CLIPImageProcessor:
    """CLIP's preprocessing at the demo model's size: shortest edge, middle square, bicubic, CLIP's mean and spread."""
    return CLIPImageProcessor(size={"shortest_edge": IMAGE_SIZE}, crop_size={"height": IMAGE_SIZE, "width": IMAGE_SIZE})
