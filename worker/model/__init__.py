"""The CLIP model: load, tune, batch, encode."""
