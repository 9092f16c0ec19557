"""The catalogue of photos and their vectors. No SQL of any engine outside this folder."""
