"""The whole stack on one machine without Docker: Redis, catalogue server, workers and API under one supervisor."""
