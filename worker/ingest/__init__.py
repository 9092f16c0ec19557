"""A chunk of an ingest job: from its claim through download, prepare, encode and store until it is settled."""
