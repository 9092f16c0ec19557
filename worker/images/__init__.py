"""From image bytes to the pixels that the model takes."""
