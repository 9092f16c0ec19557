"""Every request has an id, which its answer, its problems, its log lines and its job carry."""

import io
import logging
import re

import pytest
from pydantic import SecretStr

from api.app import create_app
from api.http.request_id import log_handler
from shared.ledger.ingest import IngestLedger
from shared.ledger.search import SearchLedger

ITEM = {"id": "a", "url": "http://h/"}


@pytest.mark.parametrize("given", ["a", "Az09._-", "x" * 128])
def test_a_valid_id_is_taken_over(client, given):
    assert client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", [None, "", "x" * 129, "a b", "ä", "a\tb", "a,b"])
def test_any_other_is_replaced_by_a_new_one(client, given):
    headers = {} if given is None else {"X-Request-ID": given}
    ids = {client.get("/healthz", headers=headers).headers["X-Request-ID"] for _ in range(2)}
    assert len(ids) == 2
    assert all(re.fullmatch("[0-9a-f]{20}", made) for made in ids)


@pytest.mark.parametrize("path", ["/v1/jobs/none", "/nowhere", "/v1/jobs?limit=x", "/v1/ingest"])
def test_every_problem_names_it(client, path):
    answer = client.get(path, headers={"X-Request-ID": "mine"})
    assert answer.status_code >= 400
    assert answer.json["request_id"] == answer.headers["X-Request-ID"] == "mine"


def test_a_refused_host_gets_it_too(client):
    answer = client.get("/healthz", headers={"Host": "evil.example", "X-Request-ID": "mine"})
    assert (answer.status_code, answer.json["request_id"]) == (403, "mine")


def test_jobs_and_the_claims_of_workers_carry_it(client, connection, settings):
    headers = {"X-Request-ID": "mine"}
    ingest = client.post("/v1/ingest", json={"items": [ITEM]}, headers=headers).json
    search = client.post("/v1/search", json={"text": "a"}, headers=headers).json
    assert (ingest["request_id"], search["request_id"]) == ("mine", "mine")
    assert client.get(f"/v1/jobs/{ingest['id']}").json["request_id"] == "mine"
    assert IngestLedger(connection, settings).claim().log_name == f"Job {ingest['id']}, chunk 0 (request mine)"
    [claim] = SearchLedger(connection, settings).claim(1).searches
    assert claim.log_name == f"Search {search['id']} (request mine)"


def test_log_lines_of_a_request_carry_it_and_others_do_not(settings):
    handler, lines = log_handler(), io.StringIO()
    handler.setStream(lines)
    log = logging.getLogger("api")
    log.addHandler(handler)
    try:
        unreachable = settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1/0")})
        answer = create_app(unreachable).test_client().get("/v1/jobs/x", headers={"X-Request-ID": "mine"})
        answer.close()
        log.warning("outside")
    finally:
        log.removeHandler(handler)
    assert answer.status_code == 503
    inside, outside = lines.getvalue().splitlines()
    assert "api.http.problems [mine]: Redis: " in inside
    assert outside.endswith("WARNING api: outside")
