"""Webhooks about jobs: signed, sent, and repeated until the receiver accepts them."""
