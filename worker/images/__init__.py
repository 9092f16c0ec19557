"""From image bytes to the pixels of the model's input."""
