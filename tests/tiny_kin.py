"""Models related to CLIP, with random weights and narrow layers, in the ordinary Hugging Face layout."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    AltCLIPConfig,
    AltCLIPModel,
    BertTokenizer,
    ChineseCLIPConfig,
    ChineseCLIPImageProcessorPil,
    ChineseCLIPModel,
    CLIPImageProcessorPil,
    PreTrainedTokenizerFast,
    Siglip2Config,
    Siglip2ImageProcessorPil,
    Siglip2Model,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
)

from tests.tiny_model import LETTERS, save_tiny_model

_LAYERS = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
_VISION = {**_LAYERS, "image_size": 32, "patch_size": 8}
_CHINESE = "一个人站在海滩上狗"


def save_tiny_siglip(folder: Path) -> Path:
    """SigLIP: pictures resized to a square; texts padded to 16 tokens, pooled at the last one."""
    text = {**_LAYERS, "vocab_size": 64, "max_position_embeddings": 16}
    config = SiglipConfig(text_config=text, vision_config=_VISION)
    _save(folder, SiglipModel(config), SiglipImageProcessorPil(size={"height": 32, "width": 32}))
    return _save_ending_tokenizer(folder)


def save_tiny_naflex(folder: Path) -> Path:
    """SigLIP 2 NaFlex: pictures keep their aspect ratio, in 16 patches at most."""
    text = {**_LAYERS, "vocab_size": 64, "max_position_embeddings": 16}
    vision = {**_LAYERS, "patch_size": 8, "num_patches": 16}
    _save(
        folder,
        Siglip2Model(Siglip2Config(text_config=text, vision_config=vision)),
        Siglip2ImageProcessorPil(patch_size=8, max_num_patches=16),
    )
    return _save_ending_tokenizer(folder)


def save_tiny_altclip(folder: Path) -> Path:
    """AltCLIP: XLM-RoBERTa as the text tower, pooled at the first token."""
    text = {**_LAYERS, "vocab_size": 64, "max_position_embeddings": 34, "project_dim": 48, "pad_token_id": 1}
    config = AltCLIPConfig(text_config=text, vision_config=_VISION, projection_dim=48)
    _save(
        folder,
        AltCLIPModel(config),
        CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
    )
    letters = ["<s>", "<pad>", "</s>", "<unk>", "▁", *LETTERS]
    tokenizer = Tokenizer(models.Unigram([(letter, -1.0) for letter in letters], unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", model_max_length=512
    ).save_pretrained(folder)
    return folder


def save_tiny_chinese_clip(folder: Path) -> Path:
    """Chinese-CLIP: BERT as the text tower, pooled at the first token; pictures resized to a square."""
    text = {**_LAYERS, "vocab_size": 128, "max_position_embeddings": 32}
    config = ChineseCLIPConfig(text_config=text, vision_config=_VISION, projection_dim=48)
    _save(
        folder,
        ChineseCLIPModel(config),
        ChineseCLIPImageProcessorPil(size={"height": 32, "width": 32}, do_center_crop=False),
    )
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS), *_CHINESE]
    BertTokenizer(vocab={word: number for number, word in enumerate(words)}, model_max_length=512).save_pretrained(
        folder
    )
    return folder


SAVE: dict[str, Callable[[Path], Path]] = {
    "clip": save_tiny_model,
    "siglip": save_tiny_siglip,
    "siglip2": save_tiny_naflex,
    "altclip": save_tiny_altclip,
    "chinese_clip": save_tiny_chinese_clip,
}


def _save(folder: Path, model: Any, image_processor: Any) -> None:
    folder.mkdir(parents=True)
    torch.manual_seed(11)
    for parameter in model.parameters():
        # With the default initial weights, attention is so uniform that all inputs get nearly the same vector.
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.5)
    model.save_pretrained(folder)
    image_processor.save_pretrained(folder)


def _save_ending_tokenizer(folder: Path) -> Path:
    """Like the tokenizers of SigLIP: text, end token, padding, and no mask."""
    letters = ["<pad>", "</s>", "<unk>", "▁", *LETTERS]
    tokenizer = Tokenizer(models.Unigram([(letter, -1.0) for letter in letters], unk_id=2))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=16,
        model_input_names=["input_ids"],
    ).save_pretrained(folder)
    return folder
