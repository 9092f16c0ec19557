"""Periodic work beside the queues."""
