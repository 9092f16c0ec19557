"""The views, one file per subject."""
