"""Image bytes from URLs: connections, address rules, per-host limits."""
