"""One search, from its claim to its hits."""
