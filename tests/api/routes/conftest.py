"""A job for the routes about jobs."""

import pytest


@pytest.fixture
def job_id(client) -> str:
    items = [{"id": f"p{n}", "url": f"http://h/{n}"} for n in range(10)]
    return client.post("/v1/ingest", json={"items": items}).json["id"]
