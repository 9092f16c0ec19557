"""One chunk of an ingest job, from its claim to its settlement."""
