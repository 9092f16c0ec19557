"""Which network addresses Lichtbild connects to on behalf of clients, and how their names are resolved."""
