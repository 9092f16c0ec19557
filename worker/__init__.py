"""The workers: fetch, decode, embed and store images, and answer searches."""
