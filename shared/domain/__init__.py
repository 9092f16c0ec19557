"""Plain data classes: no HTTP, no Redis, no SQL."""
