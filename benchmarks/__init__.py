"""One command per figure of docs/performance.md."""
