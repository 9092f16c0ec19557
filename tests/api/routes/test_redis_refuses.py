"""A Redis that refuses is no fault of the API or of the client: 503, and nothing is half done."""

from contextlib import suppress

import pytest
from redis import RedisError

from shared.domain.items import Outcome
from tests.redis_faults import PASSING, REFUSING

ITEMS = [{"photo_id": f"p{n}", "url": f"http://h/{n}"} for n in range(300)]


def submitted(client):
    return client.post("/v1/ingest", json={"items": ITEMS}, headers={"Idempotency-Key": "one"})


@pytest.mark.parametrize("fault", REFUSING)
def test_requests_that_write_are_answered_with_503_until_it_takes_writes_again(client, connection, ingests, fault):
    job_id = client.post("/v1/ingest", json={"items": ITEMS[:3]}).json["id"]
    claim = ingests.claim()
    with fault(connection):
        answers = [
            submitted(client),
            client.post("/v1/search", json={"text": "a"}),
            client.post(f"/v1/jobs/{job_id}/pause"),
            client.post(f"/v1/jobs/{job_id}/cancel"),
        ]
        assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(503, "unavailable")] * 4
        assert all(answer.headers["Retry-After"] for answer in answers)
        assert client.get(f"/v1/jobs/{job_id}").status_code in (200, 503)
        # Settling frees memory, so it is accepted without memory. A worker that is refused settles later.
        with suppress(RedisError):
            ingests.settle(claim, Outcome(3, 0, [], 0, {}))
    ingests.settle(claim, Outcome(3, 0, [], 0, {}))
    assert client.get(f"/v1/jobs/{job_id}").json["progress"]["stored"] == 3
    again = submitted(client)
    assert (again.status_code, again.json["progress"]["total"]) == (202, 300)
    assert submitted(client).json["id"] == again.json["id"]


@pytest.mark.parametrize("fault", PASSING)
def test_forgotten_scripts_and_dropped_clients_are_not_noticed(client, connection, ingests, fault):
    job_id = client.post("/v1/ingest", json={"items": ITEMS}).json["id"]
    claims = []
    while True:
        fault(connection)
        if (claim := ingests.claim()) is None:
            break
        claims.append(claim)
        fault(connection)
        ingests.settle(claim, Outcome(len(claim.items), 0, [], 0, {}))
    fault(connection)
    assert submitted(client).status_code == 202
    progress = client.get(f"/v1/jobs/{job_id}").json["progress"]
    assert (progress["stored"], progress["failed"], progress["pending"]) == (300, 0, 0)
    assert sorted(item.id for claim in claims for item in claim.items) == sorted(item["photo_id"] for item in ITEMS)
