"""Files on disk: uploaded images and thumbnails."""
