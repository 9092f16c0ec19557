"""Processes a chunk of an ingest job: claim, download, prepare, encode, store, settle."""
