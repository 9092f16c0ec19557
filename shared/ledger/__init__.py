"""The ledger: the truth about jobs, kept in Redis. Celery messages are only doorbells that mean "there is work"."""
