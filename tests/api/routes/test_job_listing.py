"""`GET /v1/jobs`: by kind, by status, page by page."""

from shared.ledger import keys


def test_jobs_are_listed_by_kind(client, job_id):
    search = client.post("/v1/search", json={"text": "x"}).json["id"]
    assert [job["id"] for job in client.get("/v1/jobs").json["jobs"]] == [job_id]
    assert [job["id"] for job in client.get("/v1/jobs?kind=search").json["jobs"]] == [search]
    assert client.get("/v1/jobs?kind=x").status_code == 422


def test_jobs_are_listed_by_status_page_by_page(client, ingests):
    ids = [client.post("/v1/ingest", json={"items": [{"id": "a", "url": "http://h/"}]}).json["id"] for _ in range(7)]
    for job_id in ids[::2]:
        client.post(f"/v1/jobs/{job_id}/cancel")
    for status, expected in {"cancelled": ids[::2], "queued": ids[1::2], "failed": []}.items():
        found, cursor = [], ""
        while cursor is not None:
            page = client.get(f"/v1/jobs?status={status}&limit=2&cursor={cursor}").json
            assert len(page["jobs"]) <= 2
            found += [job["id"] for job in page["jobs"]]
            cursor = page["next_cursor"]
        assert found == expected[::-1]
    for query in ("status=x", "cursor=x", "cursor=1-x;", "kind="):
        assert client.get(f"/v1/jobs?{query}").status_code == 422


def test_a_listing_goes_on_where_it_was_though_jobs_come_and_go(client, ingests, connection):
    ids = [client.post("/v1/ingest", json={"items": [{"id": "a", "url": "http://h/"}]}).json["id"] for _ in range(6)]
    first = client.get("/v1/jobs?limit=2").json
    client.post("/v1/ingest", json={"items": [{"id": "a", "url": "http://h/"}]})
    connection.delete(keys.job(ids[4]), keys.job(ids[2]))
    second = client.get(f"/v1/jobs?limit=2&cursor={first['next_cursor']}").json
    assert [job["id"] for job in second["jobs"]] == [ids[3], ids[1]]
    third = client.get(f"/v1/jobs?limit=2&cursor={second['next_cursor']}").json
    assert ([job["id"] for job in third["jobs"]], third["next_cursor"]) == ([ids[0]], None)
