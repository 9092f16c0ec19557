"""Sample scenes: small drawn pictures with captions; the demo model knows nothing else."""
