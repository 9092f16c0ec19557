"""Act on the effects of flows: blocking with requests, asynchronous with httpx2."""
