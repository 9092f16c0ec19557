"""`POST /v1/ingest` with pictures instead of URLs: a job over what is in the spool."""

import io
import json
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from api.app import create_app
from api.intake import multipart
from shared.ledger.ingest import Submission
from shared.uploads.spool import Spool
from tests.api.intake.uploads.requests import BOUNDARY, body, part, send, spooled
from tests.api.routes.test_ingest import claim_all


def test_pictures_become_a_job_and_wait_in_the_spool(client, ingests, with_uploads, uploads):
    answer = send(client, body(part(b"first", "a.jpg"), part(b"", "holiday/ü b.png")), "?collection=mine")

    assert answer.status_code == 202, answer.text
    job = answer.json
    assert answer.headers["Location"] == f"http://localhost/v1/jobs/{job['id']}"
    assert (job["collection"], job["progress"]["total"]) == ("mine", 2)
    items = claim_all(ingests)
    assert [(item.id, item.url, item.attributes) for item in items] == [
        ("a.jpg", f"upload:{job['id']}/0", {}),
        ("holiday/ü b.png", f"upload:{job['id']}/1", {}),
    ]
    spool = Spool.from_settings(with_uploads)
    assert [spool.read(item.url) for item in items] == [b"first", b""]
    # Nobody else on the machine may look at them.
    assert {path.stat().st_mode & 0o077 for path in (uploads / "spool", *(uploads / "spool").iterdir())} == {0}


@pytest.mark.parametrize("name", ["../../../etc/passwd", "a/../../b", "-", "con", "~/x", "%2e%2e/x"])
def test_a_file_name_is_an_id_and_never_a_path(client, ingests, uploads, name):
    assert send(client, body(part(b"x", name))).status_code == 202
    assert claim_all(ingests)[0].id == name
    assert {path.relative_to(uploads).parts[0] for path in uploads.rglob("*")} == {"spool"}
    assert [path.name for path in uploads.rglob("*") if path.is_file()] == ["0"]


def test_a_percent_encoded_file_name_is_the_id(client, ingests):
    """RFC 5987, as the client sends it."""
    encoded = (
        b"Content-Disposition: form-data; name=\"images\"; filename*=utf-8''holiday%2F%C3%BC%20%22b%22.jpg\r\n\r\nx"
    )
    assert send(client, body(encoded)).status_code == 202
    assert [item.id for item in claim_all(ingests)] == ['holiday/ü "b".jpg']


def test_many_pictures_are_cut_into_chunks(connection, with_uploads, ingests):
    client = create_app(with_uploads.model_copy(update={"chunk_size": 10})).test_client()
    assert send(client, body(*(part(b"x", f"p{n}") for n in range(25)))).json["progress"]["total"] == 25
    sizes = []
    while claim := ingests.claim():
        sizes.append(len(claim.items))
    assert sizes == [10, 10, 5]


def test_the_same_key_and_pictures_give_the_same_job_whatever_the_boundary(client, ingests, uploads):
    first = send(client, body(part(b"x"), part(b"y", "b")), Idempotency_Key="k")
    again = send(client, body(part(b"x"), part(b"y", "b"), boundary="other"), boundary="other", Idempotency_Key="k")
    assert (again.status_code, again.json["id"]) == (202, first.json["id"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(claim_all(ingests)) == 2

    for other in (body(part(b"x")), body(part(b"x"), part(b"z", "b")), body(part(b"xy"), part(b"", "b"))):
        answer = send(client, other, Idempotency_Key="k")
        assert (answer.status_code, answer.json["type"]) == (422, "urn:lichtbild:invalid_request")
    assert send(client, body(part(b"x"), part(b"y", "b")), "?collection=mine", Idempotency_Key="k").status_code == 422
    assert spooled(uploads) == [b"x", b"y"]


def test_bytes_are_kept_when_nobody_knows_whether_the_job_was_accepted(client, uploads, ingests, monkeypatch):
    submit = Submission.submit

    def answer_lost(self: Submission, *arguments: Any, **conditions: Any) -> str:
        submit(self, *arguments, **conditions)
        raise RedisConnectionError("the answer was lost on its way")

    monkeypatch.setattr(Submission, "submit", answer_lost)
    assert send(client, body(part(b"x"))).status_code == 503
    assert [item.id for item in claim_all(ingests)] == ["a.jpg"]
    assert spooled(uploads) == [b"x"]


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64])
def test_parts_are_read_alike_however_the_body_comes_in_pieces(piece, monkeypatch):
    content = b"\r\n--limi\r\n-limit-\r\n\r--\r\n" * 9
    sent = b"preamble\r\n" + body(part(content, "a"), part(b"", "b"), part(b"\r\n", "c")) + b"epilogue"
    monkeypatch.setattr(multipart, "_PIECE", piece)

    found = [(one.filename, b"".join(one.pieces)) for one in multipart.read_parts(io.BytesIO(sent), BOUNDARY)]

    assert found == [("a", content), ("b", b""), ("c", b"\r\n")]


def test_attributes_belong_to_the_image_that_follows(client, ingests, uploads):
    given = {"path": "2024/a.jpg", "bytes": 3}
    sent = body(part(json.dumps(given).encode(), None, "attributes"), part(b"x"), part(b"y", "b.jpg"))
    assert send(client, sent).status_code == 202
    first, second = ingests.claim().items
    assert (first.id, first.attributes, second.id, second.attributes) == ("a.jpg", given, "b.jpg", {})


@pytest.mark.parametrize(
    "parts",
    [
        [part(b"{}", None, "attributes")],
        [part(b"x"), part(b"{}", None, "attributes")],
        [part(b"{", None, "attributes"), part(b"x")],
        [part(b"[]", None, "attributes"), part(b"x")],
        [part(b'{"a": NaN}', None, "attributes"), part(b"x")],
        [part(b'{"a": "\\ud800"}', None, "attributes"), part(b"x")],
        [part(b'{"a": "' + b"x" * 70_000 + b'"}', None, "attributes"), part(b"x")],
        [part(b"{}", None, "attributes"), part(b"{}", None, "attributes"), part(b"x")],
    ],
)
def test_attributes_that_are_none_are_refused(client, connection, uploads, parts):
    answer = send(client, body(*parts))
    assert (answer.status_code, connection.keys()) == (422, [])
    assert "attributes" in answer.json["detail"]
