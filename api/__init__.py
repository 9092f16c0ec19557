"""The HTTP API of Lichtbild: accepts jobs, reports their state, serves photos. Never imports torch."""
