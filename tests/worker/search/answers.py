"""Vectors of stored photos, and the hits of an answered search."""

import numpy as np

from shared.domain.job import Job


def unit(*first: float) -> np.ndarray:
    """A unit vector of the tiny model's length, with these first coordinates."""
    vector = np.zeros(64, np.float32)
    vector[: len(first)] = first
    return vector / np.linalg.norm(vector)


def found(job: Job) -> list[str]:
    assert job.status == "succeeded", job.error
    return [hit["photo_id"] for hit in job.result["hits"]]
