"""Uploads when the spool or its disk is full, or its folder cannot be made."""

import errno
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from shared.uploads.spool import Spool
from tests.api.intake.uploads.requests import body, nothing_is_left, part, send, spooled, stream
from tests.api.routes.test_ingest import claim_all, refused


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
