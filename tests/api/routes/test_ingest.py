"""`POST /v1/ingest`: all of it or nothing."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.app import create_app
from shared.ledger import keys

NDJSON = "application/x-ndjson"


def item(n: int, **more) -> dict:
    return {"id": f"p{n}", "url": f"http://h/{n}.jpg", **more}


def lines(*values: dict) -> bytes:
    return "\n".join(json.dumps(value) for value in values).encode()


def claim_all(ingests) -> list:
    found = []
    while claim := ingests.claim():
        found += claim.items
    return found


def refused(connection, answer, status: int, *words: str) -> None:
    """The response is a problem whose detail contains these words, and Redis is empty."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["type"].startswith("urn:lichtbild:")
    for word in words:
        assert word in answer.json["detail"], answer.json["detail"]
    assert connection.keys() == []


def test_json_items_become_a_job(client, ingests):
    answer = client.post("/v1/ingest", json={"items": [item(1, attributes={"a": [1, None, "ü"]}), item(2)]})
    assert answer.status_code == 202
    job = answer.json
    assert answer.headers["Location"] == job["links"]["self"] == f"http://localhost/v1/jobs/{job['id']}"
    assert (job["kind"], job["status"], job["collection"]) == ("ingest", "queued", "photos")
    assert job["progress"]["total"] == job["progress"]["pending"] == 2
    first, second = claim_all(ingests)
    assert (first.id, first.url, first.attributes) == ("p1", "http://h/1.jpg", {"a": [1, None, "ü"]})
    assert second.attributes == {}


def test_the_doorbell_rings(client, connection):
    client.post("/v1/ingest", json={"items": [item(1)]})
    assert connection.llen("lichtbild:celery:ingest") == 1


def test_ndjson_csv_and_tsv_give_the_same_items(client, ingests):
    table = [["photo_id", "photo_image_url", "place", "note"], ["a", "http://h/a", "beach", "one, two"]]
    bodies = {
        NDJSON: lines({"photo_id": "a", "url": "http://h/a", "attributes": {"place": "beach", "note": "one, two"}})
        + b"\n\n",
        "text/csv": b'\xef\xbb\xbfphoto_id,photo_image_url,place,note\r\na,http://h/a,beach,"one, two"\r\n',
        "text/tab-separated-values": "\n".join("\t".join(row) for row in table).encode(),
        "text/csv; charset=utf-8": b'place,url,note,id\nbeach,http://h/a,"one, two",a\n',
    }
    for content_type, body in bodies.items():
        for sent, headers in ((body, {}), (gzip.compress(body), {"Content-Encoding": "gzip"})):
            answer = client.post("/v1/ingest", data=sent, content_type=content_type, headers=headers)
            assert answer.status_code == 202, answer.text
            (found,) = claim_all(ingests)
            assert (found.id, found.url) == ("a", "http://h/a")
            assert found.attributes == {"place": "beach", "note": "one, two"}


def test_many_items_are_cut_into_chunks(client, ingests, settings):
    count = settings.chunk_size * 2 + 3
    client.post("/v1/ingest", data=lines(*(item(n) for n in range(count))), content_type=NDJSON)
    sizes = []
    while claim := ingests.claim():
        sizes.append(len(claim.items))
    assert sizes == [settings.chunk_size, settings.chunk_size, 3]


def test_the_collection_is_chosen_in_the_query(client, ingests):
    assert client.post("/v1/ingest?collection=mine", json={"items": [item(1)]}).json["collection"] == "mine"
    assert ingests.claim().collection == "mine"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "words"),
    [
        (b"{", "application/json", 400, ["not valid JSON"]),
        (b'{"items": [{"id": "a", "url": "http://h"}', "application/json", 400, ["not valid JSON"]),
        (b"{}", "application/json", 422, ["no items"]),
        (b"", NDJSON, 422, ["no items"]),
        (b"[]", "application/json", 422, ["no items"]),
        (b'{"items": [{"id": "a", "url": "http://h/"}, {"id": "b"}]}', "application/json", 422, ["items[1]", "url"]),
        (b'{"items": [{"id": 7, "url": "http://h/"}]}', "application/json", 422, ["items[0]", "id", "string"]),
        (b'{"items": [{"id": "a", "url": "http://h/", "uurl": 1}]}', "application/json", 422, ["items[0]", "uurl"]),
        (b'{"items": [5]}', "application/json", 422, ["items[0]"]),
        (lines(item(1)) + b"\n{broken\n", NDJSON, 400, ["line 2"]),
        (lines(item(1), {"id": "x"}), NDJSON, 422, ["line 2", "url"]),
        (lines(item(1), item(2, attributes={"a": 1e400})), NDJSON, 422, ["line 2", "attributes"]),
        (lines(item(1, attributes={"a": float("nan")})), NDJSON, 422, ["line 1", "attributes"]),
        (lines(item(1)) + b"\n\xff\xfe\n", NDJSON, 400, ["line 2", "UTF-8"]),
        (lines(item(1), {"id": "x", "url": "ftp://h/x"}), NDJSON, 422, ["item 1", "url", "http"]),
        (lines({"id": "random", "url": "http://h/"}), NDJSON, 422, ["item 0", "id", "random"]),
        (lines({"id": "/x", "url": "http://h/"}), NDJSON, 422, ["id", "'/'"]),
        (lines({"id": "\ud800", "url": "http://h/"}), NDJSON, 400, ["line 1"]),
        (lines(item(1), item(2), item(1)), NDJSON, 422, ["item 2", "'p1'", "item 0"]),
        (lines(item(1, attributes={"a": "x" * 70_000})), NDJSON, 422, ["attributes", "bytes"]),
        (b"x" * 1_100_000, NDJSON, 422, ["line 1", "longer"]),
        (b"id,name\na,b\n", "text/csv", 422, ["no column", "photo_image_url"]),
        (b"id,url\na,http://h/\nb\n", "text/csv", 400, ["line 3", "1 fields"]),
        (b'id,url\n"a"b,http://h/\n', "text/csv", 400, ["line 2"]),
        (b"id\turl\n\thttp://h/\n", "text/tab-separated-values", 422, ["line 2", "id", "empty"]),
        (b"<x/>", "application/xml", 415, ["application/json"]),
        (b"{}", "", 415, ["missing"]),
    ],
)
def test_bad_input_is_refused_by_place_and_name_and_nothing_is_enqueued(
    client, connection, body, content_type, status, words
):
    refused(connection, client.post("/v1/ingest", data=body, content_type=content_type), status, *words)


def test_a_broken_line_after_many_good_ones_leaves_nothing_behind(client, connection, settings):
    body = lines(*(item(n) for n in range(settings.chunk_size * 3))) + b"\n{broken"
    answer = client.post("/v1/ingest", data=body, content_type=NDJSON)
    refused(connection, answer, 400, f"line {settings.chunk_size * 3 + 1}")


def test_a_duplicate_far_behind_is_found(client, connection, settings):
    count = settings.chunk_size * 3
    body = lines(*(item(n) for n in range(count)), item(1))
    refused(connection, client.post("/v1/ingest", data=body, content_type=NDJSON), 422, f"item {count}", "item 1 ")


@pytest.mark.parametrize(
    "body", [b"not gzip", gzip.compress(lines(item(1)), mtime=0)[:-9]], ids=["nonsense", "cut short"]
)
def test_broken_gzip_is_refused(client, connection, body):
    answer = client.post("/v1/ingest", data=body, content_type=NDJSON, headers={"Content-Encoding": "gzip"})
    refused(connection, answer, 400, "gzip")


def test_limits_are_kept(connection, settings):
    small = create_app(settings.model_copy(update={"max_items": 3, "max_body_bytes": 4096})).test_client()
    many = lines(*(item(n) for n in range(4)))
    refused(connection, small.post("/v1/ingest", data=many, content_type=NDJSON), 413, "3 items")
    long = lines(item(1, attributes={"a": "x" * 5000}))
    refused(connection, small.post("/v1/ingest", data=long, content_type=NDJSON), 413)
    zipped = {"data": gzip.compress(long), "content_type": NDJSON, "headers": {"Content-Encoding": "gzip"}}
    refused(connection, small.post("/v1/ingest", **zipped), 413, "4096")


@pytest.mark.parametrize("query", ["?colection=x", "?collection=No", "?collection="])
def test_a_misspelt_parameter_or_name_is_refused(client, connection, query):
    refused(connection, client.post(f"/v1/ingest{query}", json={"items": [item(1)]}), 422)


def test_staged_items_of_an_upload_in_progress_are_not_a_job(client, connection, ingests, settings):
    submission = ingests.submission("photos")
    submission.stage([])
    assert client.get(f"/v1/jobs/{submission.job_id}").status_code == 404
    assert 0 < connection.ttl(keys.chunks(submission.job_id)) <= settings.staging_seconds


def test_the_same_key_and_body_give_the_same_job(client, ingests, connection):
    def send(body: bytes, key: str = '"abc"', collection: str = "photos", **headers: str):
        return client.post(
            f"/v1/ingest?collection={collection}",
            data=body,
            content_type=NDJSON,
            headers={"Idempotency-Key": key, **headers},
        )

    first = send(lines(item(1)))
    assert "Idempotency-Replayed" not in first.headers
    for again in (send(lines(item(1))), send(lines(item(1)), key="abc")):
        assert (again.status_code, again.json["id"]) == (202, first.json["id"])
        assert again.headers["Location"] == first.headers["Location"]
        assert again.headers["Idempotency-Replayed"] == "true"
    zipped = send(gzip.compress(lines(item(1))), **{"Content-Encoding": "gzip"})
    assert zipped.json["id"] == first.json["id"]
    assert len(claim_all(ingests)) == 1
    assert connection.keys("*:chunks") == [f"lichtbild:job:{first.json['id']}:chunks".encode()]

    for other in (send(lines(item(2))), send(lines(item(1)), collection="mine")):
        assert (other.status_code, other.content_type) == (422, "application/problem+json")
        assert "Idempotency-Key" in other.json["detail"]
    assert claim_all(ingests) == []
    assert send(lines(item(2)), key="def").json["id"] != first.json["id"]


def test_many_at_once_with_one_key_are_one_job(connection, settings, ingests):
    app = create_app(settings)

    def send(_: int) -> str:
        headers = {"Idempotency-Key": "k"}
        return app.test_client().post("/v1/ingest", json={"items": [item(1)]}, headers=headers).json["id"]

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(send, range(50)))) == 1
    assert len(claim_all(ingests)) == 1


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(client, connection, key):
    answer = client.post("/v1/ingest", json={"items": [item(1)]}, headers={"Idempotency-Key": key})
    refused(connection, answer, 422, "Idempotency-Key")


def test_a_broken_request_does_not_use_its_key_up(client):
    headers = {"Idempotency-Key": "k"}
    broken = client.post("/v1/ingest", data=b"{", content_type=NDJSON, headers=headers)
    assert broken.status_code == 400
    assert client.post("/v1/ingest", json={"items": [item(1)]}, headers=headers).status_code == 202
