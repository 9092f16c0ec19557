"""One command per figure of the docs: each prints a table and can write JSON."""
