"""The demo model: a small CLIP trained on the sample scenes, with the scripts that train and score it."""

from pathlib import Path
from typing import Final

MODEL_FOLDER: Final = Path(__file__).resolve().parent / "lichtbild-demo"
"""The trained model in the ordinary Hugging Face layout."""
