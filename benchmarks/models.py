"""The models that benchmarks run. Random weights cost the same time as trained ones."""

from pathlib import Path

from embedded.demo_model import MODEL_FOLDER
from tests.tiny_model import save_full_size_model, save_tiny_model


def save_random_model(folder: Path, *, tiny: bool) -> str:
    """Save a ViT-B/32 with random weights, or a tiny CLIP to try a benchmark with, and return its path."""
    return str((save_tiny_model if tiny else save_full_size_model)(folder))


def models_by_name(folder: Path) -> dict[str, str]:
    """The two models whose vectors are compared: the demo model (trained, 64 pixels) and a random ViT-B/32 (224)."""
    return {"demo": str(MODEL_FOLDER), "ViT-B/32, random": save_random_model(folder, tiny=False)}
