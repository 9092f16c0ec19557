"""`GET /thumbnails/…`: what workers have left for hits to show."""

from urllib.parse import quote

import pytest
from pydantic import SecretStr

from api.app import create_app
from shared.uploads.thumbnails import Thumbnails, thumbnail_url

HASH = bytes(range(32))
JPEG = b"\xff\xd8\xff some jpeg"


@pytest.fixture
def with_uploads(settings, tmp_path):
    return settings.model_copy(update={"uploads_folder": str(tmp_path)})


@pytest.fixture
def client(connection, with_uploads):
    return create_app(with_uploads).test_client()


@pytest.mark.parametrize("collection", ["photos", "mine"])
@pytest.mark.parametrize("photo_id", ["a.jpg", "holiday/ü b.jpg", "a//b", "a/../b", "%2F?", "x;y=z"])
def test_a_thumbnail_is_served_under_its_address(client, with_uploads, collection, photo_id):
    Thumbnails.from_settings(with_uploads).save(collection, photo_id, HASH, JPEG)

    answer = client.get(thumbnail_url(collection, photo_id, HASH))

    assert (answer.status_code, answer.data, answer.content_type) == (200, JPEG, "image/jpeg")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = client.get(thumbnail_url(collection, photo_id, HASH), headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/thumbnails/a.jpg",
        "/thumbnails/a.jpg?v=",
        f"/thumbnails/a.jpg?v={'0' * 32}",
        f"/thumbnails/a.jpg?v={'0' * 31}/",
        "/thumbnails/a.jpg?v=../../../../etc/passwd",
        f"/thumbnails/{quote('../../../../etc/passwd', safe='')}?v={'0' * 32}",
        "/thumbnails/../spool/x?v=0",
        f"/thumbnails/a.jpg?collection=mine&v={HASH.hex()[:32]}",
        f"/thumbnails/{'x' * 10_000}?v={HASH.hex()[:32]}",
    ],
)
def test_anything_else_is_not_found(client, with_uploads, path):
    Thumbnails.from_settings(with_uploads).save("photos", "a.jpg", HASH, JPEG)
    answer = client.get(path)
    assert (answer.status_code, answer.json["type"]) == (404, "urn:lichtbild:not_found")


def test_where_nothing_is_uploaded_there_are_no_thumbnails(connection, settings):
    answer = create_app(settings).test_client().get(thumbnail_url("photos", "a", HASH))
    assert answer.status_code == 404


def test_a_page_may_show_it_without_a_key(connection, with_uploads):
    closed = create_app(with_uploads.model_copy(update={"api_keys": (SecretStr("secret"),)})).test_client()
    Thumbnails.from_settings(with_uploads).save("photos", "a", HASH, JPEG)
    assert closed.get(thumbnail_url("photos", "a", HASH)).status_code == 200
    assert closed.get("/thumbnails/a").status_code == 404


def test_a_misspelt_parameter_is_refused(client):
    assert client.get("/thumbnails/a?version=1").status_code == 422
