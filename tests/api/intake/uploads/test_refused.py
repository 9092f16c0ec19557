"""An upload that is malformed, too large or cut off is refused as a whole, and nothing of it is left."""

import io
from typing import Any

import pytest

from api.app import create_app
from tests.api.intake.uploads.requests import BOUNDARY, body, nothing_is_left, part, send, stream
from tests.api.routes.test_ingest import refused


def test_without_a_folder_uploads_are_refused_with_what_to_set(connection, settings):
    answer = send(create_app(settings).test_client(), body(part(b"x")))
    refused(connection, answer, 501, "LICHTBILD_UPLOADS_FOLDER")
    assert answer.json["type"] == "urn:lichtbild:uploads_off"


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


@pytest.mark.slow
def test_a_flood_of_tiny_parts_is_refused(client, connection, uploads):
    flood = body(*(part(b"", f"p{n}") for n in range(10_001)))
    refused(connection, send(client, flood), 413, "10000 images")
    assert nothing_is_left(uploads)


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


@pytest.mark.parametrize("address", ["upload:0123456789abcdef0123/0", "UPLOAD:0123456789abcdef0123/0", "file:///etc/x"])
def test_an_address_in_the_spool_cannot_be_submitted(client, connection, address):
    answer = client.post("/v1/ingest", json={"items": [{"id": "a", "url": address}]})
    refused(connection, answer, 422, "http")
    answer = client.post("/v1/search", json={"image_url": address})
    refused(connection, answer, 422, "http")
