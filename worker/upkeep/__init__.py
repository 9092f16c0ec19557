"""Periodic work outside the queues."""
