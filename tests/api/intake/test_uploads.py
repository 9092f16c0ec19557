"""`POST /v1/ingest` with pictures instead of URLs: into the spool, all of them or none."""

import errno
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis.exceptions import ConnectionError as RedisConnectionError

from api.app import create_app
from api.intake import multipart
from shared.ledger.ingest import Submission
from shared.settings import Settings
from shared.uploads.spool import Spool
from tests.api.routes.test_ingest import claim_all, refused

BOUNDARY = "limit"


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


@pytest.fixture
def with_uploads(settings: Settings, uploads: Path) -> Settings:
    return settings.model_copy(update={"uploads_folder": str(uploads)})


@pytest.fixture
def client(connection, with_uploads) -> FlaskClient:
    return create_app(with_uploads).test_client()


def part(content: bytes, filename: str | None = "a.jpg", name: str = "images") -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    return f'Content-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content


def body(*parts: bytes, boundary: str = BOUNDARY) -> bytes:
    return b"".join(f"--{boundary}\r\n".encode() + one + b"\r\n" for one in parts) + f"--{boundary}--\r\n".encode()


def send(client: FlaskClient, sent: bytes, query: str = "", boundary: str = BOUNDARY, **headers: str):
    content_type = f"multipart/form-data; boundary={boundary}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(f"/v1/ingest{query}", data=sent, content_type=content_type, headers=named)


def stream(client: FlaskClient, sent: io.RawIOBase):
    """Send without saying how long it is, as a server hands on what comes in chunks."""
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    chunked = {"wsgi.input_terminated": True}
    return client.post("/v1/ingest", input_stream=sent, content_type=content_type, environ_overrides=chunked)


def spooled(uploads: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((uploads / "spool").glob("*/*"))]


def nothing_is_left(uploads: Path) -> bool:
    return list((uploads / "spool").glob("*")) == []


def test_pictures_become_a_job_and_wait_in_the_spool(client, ingests, with_uploads, uploads):
    answer = send(client, body(part(b"first", "a.jpg"), part(b"", "holiday/ü b.png")), "?collection=mine")

    assert answer.status_code == 202, answer.text
    job = answer.json
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}"
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


def test_without_a_folder_uploads_are_refused_with_what_to_set(connection, settings):
    answer = send(create_app(settings).test_client(), body(part(b"x")))
    refused(connection, answer, 501, "LICHTBILD_UPLOADS_FOLDER")
    assert answer.json["type"] == "urn:lichtbild:uploads_off"


@pytest.mark.parametrize("name", ["../../../etc/passwd", "a/../../b", "-", "con", "~/x", "%2e%2e/x"])
def test_a_file_name_is_an_id_and_never_a_path(client, ingests, uploads, name):
    assert send(client, body(part(b"x", name))).status_code == 202
    assert claim_all(ingests)[0].id == name
    assert {path.relative_to(uploads).parts[0] for path in uploads.rglob("*")} == {"spool"}
    assert [path.name for path in uploads.rglob("*") if path.is_file()] == ["0"]


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        (body(part(b"x", filename=None)), 422, ["part 0", "no file name"]),
        (body(part(b"x"), part(b"y", "")), 422, ["part 1", "empty"]),
        (body(part(b"x", "/abs.jpg")), 422, ["part 0", "'/'"]),
        (body(part(b"x", "..")), 422, ["'..'"]),
        (body(part(b"x", "random")), 422, ["'random'"]),
        (body(part(b"x", "a\x01b")), 422, ["control"]),
        (body(part(b"x", "a" * 300)), 422, ["256"]),
        (body(part(b"x"), part(b"y", "b.jpg", name="image")), 422, ["part 1", "'image'", "'images'"]),
        (body(part(b"x"), part(b"y")), 422, ["item 1", "'a.jpg'", "item 0"]),
        (body(), 422, ["no items"]),
        (body(part(b"x"))[:-6], 400, ["truncated"]),
        (body(part(b"x"), part(b"y", "b"))[:-20], 400, ["truncated"]),
        (b"--", 400, ["truncated"]),
        (b"--limit\r\nnonsense\r\n\r\nx\r\n--limit--\r\n", 400, ["not valid"]),
        (b"--limit\r\nContent-Disposition: form-data; filename=a\r\n\r\nx\r\n--limit--\r\n", 422, ["part 0", "images"]),
        (b"--limit\r\nContent-Disposition: \xff\r\n\r\nx\r\n--limit--\r\n", 400, ["not valid"]),
        (b"--limit\r\nX: " + b"x" * 2_000_000, 413, ["header"]),
        # RFC 2046, 5.1.1: no line of the content may begin with the delimiter.
        (body(part(b"x\r\n--limit-y")), 400, ["not valid"]),
        (body(part(b"x"), boundary="other"), 400, ["truncated"]),
    ],
)
def test_a_bad_upload_is_refused_and_nothing_is_left(client, connection, uploads, sent, status, words):
    refused(connection, send(client, sent), status, *words)
    assert nothing_is_left(uploads)


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=ü"])
def test_a_body_without_a_usable_boundary_is_refused(client, connection, uploads, content_type):
    refused(connection, client.post("/v1/ingest", data=body(part(b"x")), content_type=content_type), 400)
    assert nothing_is_left(uploads)


def test_one_picture_over_the_limit_refuses_the_upload_by_its_name(connection, with_uploads, uploads):
    client = create_app(with_uploads.model_copy(update={"max_image_bytes": 1024})).test_client()
    refused(connection, send(client, body(part(b"x"), part(b"y" * 1025, "b"))), 413, "'b'", "1024")
    assert nothing_is_left(uploads)
    assert send(client, body(part(b"y" * 1024))).status_code == 202


def test_a_flood_of_tiny_parts_is_refused(client, connection, uploads):
    flood = body(*(part(b"", f"p{n}") for n in range(10_001)))
    refused(connection, send(client, flood), 413, "10000 images")
    assert nothing_is_left(uploads)


def test_many_pictures_are_cut_into_chunks(connection, with_uploads, ingests):
    client = create_app(with_uploads.model_copy(update={"chunk_size": 10})).test_client()
    assert send(client, body(*(part(b"x", f"p{n}") for n in range(25)))).json["progress"]["total"] == 25
    sizes = []
    while claim := ingests.claim():
        sizes.append(len(claim.items))
    assert sizes == [10, 10, 5]


class Endless(io.RawIOBase):
    """A body that is far larger than memory ought to be used for; counts what was read of it."""

    def __init__(self) -> None:
        self.head = io.BytesIO(body(part(b""))[: -len(b"\r\n--limit--\r\n")])
        self.given = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return 0

    def seek(self, *_: int) -> int:
        return 1

    def readinto(self, buffer: Any) -> int:
        piece = self.head.read(len(buffer)) or b"\0" * len(buffer)
        self.given += len(piece)
        buffer[: len(piece)] = piece
        return len(piece)


def test_what_is_sent_without_a_length_is_bounded_on_the_way(connection, with_uploads, uploads):
    endless = Endless()
    client = create_app(with_uploads).test_client()
    refused(connection, stream(client, endless), 413, "LICHTBILD_MAX_IMAGE_BYTES")
    assert endless.given < with_uploads.max_image_bytes + 2**20
    assert nothing_is_left(uploads)


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(client, connection, uploads):
    whole = body(part(b"x" * 100_000), part(b"y" * 100_000, "b"))
    answer = client.post(
        "/v1/ingest",
        input_stream=io.BytesIO(whole[:150_000]),
        content_length=len(whole),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
    )
    refused(connection, answer, 400)
    assert nothing_is_left(uploads)


@pytest.fixture
def small(connection, with_uploads) -> FlaskClient:
    """A spool with room for two pictures of 10,000 bytes, file included."""
    return create_app(with_uploads.model_copy(update={"max_spool_bytes": 30_000})).test_client()


def test_a_full_spool_puts_uploads_off_until_there_is_room(small, connection, with_uploads, uploads, ingests):
    first = send(small, body(part(b"x" * 20_000)))
    assert first.status_code == 202
    (item,) = claim_all(ingests)
    before = connection.keys()

    # The second does not fit by what it announces, the third only as it comes.
    second = body(part(b"y" * 12_000))
    for answer in (send(small, second), stream(small, io.BytesIO(second))):
        assert (answer.status_code, answer.json["type"]) == (429, "urn:lichtbild:spool_full")
        assert int(answer.headers["Retry-After"]) > 0
    assert (connection.keys(), spooled(uploads)) == (before, [b"x" * 20_000])

    Spool.from_settings(with_uploads).remove([item.url])
    again = create_app(small.application.extensions["lichtbild"].settings).test_client()
    assert send(again, second).status_code == 202


def test_an_upload_that_no_empty_spool_would_take_is_refused_for_good(small, connection, uploads):
    refused(connection, send(small, body(part(b"x" * 40_000))), 413, "LICHTBILD_MAX_SPOOL_BYTES")
    empty = body(*(part(b"", f"p{n}") for n in range(8)))
    refused(connection, send(small, empty), 413, "LICHTBILD_MAX_SPOOL_BYTES")
    assert nothing_is_left(uploads)


def test_uploads_at_the_same_time_never_take_more_than_there_is_room_for(small, connection, uploads):
    def upload(number: int) -> int:
        return send(small.application.test_client(), body(part(b"x" * 8_000, f"p{number}"))).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(upload, range(24)))
    assert set(answers) == {202, 429}
    assert len(spooled(uploads)) == answers.count(202) <= 2


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_our_fault_and_leaves_nothing(client, connection, uploads, monkeypatch):
    monkeypatch.setattr("shared.uploads.spool.os.fsync", full_disk)
    answer = send(client, body(part(b"x")))
    refused(connection, answer, 503, "No space left")
    assert "Retry-After" in answer.headers
    assert nothing_is_left(uploads)


def test_a_folder_that_cannot_be_made_is_our_fault(connection, settings, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    wrong = settings.model_copy(update={"uploads_folder": str(tmp_path / "file")})
    answer = send(create_app(wrong).test_client(), body(part(b"x")))
    refused(connection, answer, 503, "LICHTBILD_UPLOADS_FOLDER")


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


@pytest.mark.parametrize("address", ["upload:0123456789abcdef0123/0", "UPLOAD:0123456789abcdef0123/0", "file:///etc/x"])
def test_an_address_in_the_spool_cannot_be_submitted(client, connection, address):
    answer = client.post("/v1/ingest", json={"items": [{"id": "a", "url": address}]})
    refused(connection, answer, 422, "http")
    answer = client.post("/v1/search", json={"image_url": address})
    refused(connection, answer, 422, "http")


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64])
def test_parts_are_read_alike_however_the_body_comes_in_pieces(piece, monkeypatch):
    content = b"\r\n--limi\r\n-limit-\r\n\r--\r\n" * 9
    sent = b"preamble\r\n" + body(part(content, "a"), part(b"", "b"), part(b"\r\n", "c")) + b"epilogue"
    monkeypatch.setattr(multipart, "_PIECE", piece)

    found = [(one.filename, b"".join(one.pieces)) for one in multipart.read_parts(io.BytesIO(sent), BOUNDARY)]

    assert found == [("a", content), ("b", b""), ("c", b"\r\n")]
