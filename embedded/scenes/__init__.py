"""Sample scenes: small drawn pictures with captions, the only world that the demo model knows."""
