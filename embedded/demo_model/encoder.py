"""The trained model, loaded by plain transformers classes. Returns unit vectors."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch.nn.functional import normalize
from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

from embedded.demo_model import MODEL_FOLDER

Vectors = npt.NDArray[np.float32]

BATCH = 128


class Encoder:
    """Pictures and texts to unit vectors, float32 (items, width)."""

    def __init__(self, folder: Path = MODEL_FOLDER) -> None:
        self.model = CLIPModel.from_pretrained(folder, dtype=torch.float32)
        self.tokenizer = CLIPTokenizer.from_pretrained(folder)
        self.processor = CLIPImageProcessor.from_pretrained(folder)

    def pictures(self, pictures: list[Image.Image]) -> Vectors:
        """One vector per picture, all put through the model's own processor."""
        return self.pixels(np.asarray(self.processor(pictures, return_tensors="np")["pixel_values"], dtype=np.float32))

    @torch.inference_mode()
    def pixels(self, pixels: Vectors) -> Vectors:
        """One vector per preprocessed picture, float32 (items, 3, side, side)."""
        parts = [
            self.model.visual_projection(self.model.vision_model(pixel_values=part).pooler_output)
            for part in torch.split(torch.from_numpy(pixels), BATCH)
        ]
        return np.asarray(normalize(torch.cat(parts), dim=-1).numpy(), dtype=np.float32)

    @torch.inference_mode()
    def texts(self, texts: list[str]) -> Vectors:
        """One vector per text; a text longer than the model's positions is cut."""
        encoded = self.tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        pooled = self.model.text_model(**encoded).pooler_output
        return np.asarray(normalize(self.model.text_projection(pooled), dim=-1).numpy(), dtype=np.float32)
