"""Sizes and thumbnails of pictures, in tables of this version and of older ones, on every target."""

import json
from dataclasses import replace

import numpy as np
import pytest

from shared.catalogue.connect import connect
from shared.catalogue.interface import UNKNOWN, Picture, Row
from shared.errors import UnavailableError

PICTURE = Picture(4000, 3000, "/thumbnails/a?v=1")


def row(photo_id: str, picture: Picture = UNKNOWN, version: int = 1) -> Row:
    return Row(photo_id, "http://h/x", np.eye(4, dtype=np.float32)[0], bytes(32), {"n": 1}, version, picture)


def everywhere(catalogue, collection, photo_id: str) -> set[Picture]:
    """The picture of a photo, in each way that it can be read."""
    hits = [
        hit.photo
        for exact in (False, True)
        for hit in catalogue.search(collection, np.ones(4, np.float32), 10, exact=exact)
    ]
    drawn = catalogue.random_photos(collection, 10)
    one = catalogue.get(collection, photo_id)
    found = {photo.picture for photo in [*hits, *drawn, one] if photo.photo_id == photo_id}
    return found | {catalogue.known(collection, [photo_id])[photo_id].picture}


@pytest.fixture
def older(statement, collection) -> str:
    """A table without columns for pictures, with one photo, as Lichtbild created it before."""
    comment = json.dumps({"kind": "lichtbild", "schema": 2, "model": "m", "dimension": 4})
    statement(
        f"CREATE TABLE `{collection}` (photo_id String, photo_image_url String CODEC(ZSTD),"
        " photo_embed Array(Float32) CODEC(NONE), content_hash String, attributes String CODEC(ZSTD),"
        " stored_at DateTime64(3, 'UTC') DEFAULT now64(3), version UInt64, deleted UInt8,"
        " CONSTRAINT vector_len CHECK length(photo_embed) = 4)"
        f" ENGINE = ReplacingMergeTree(version) ORDER BY photo_id COMMENT '{comment}'"
    )
    statement(
        f"INSERT INTO `{collection}`"
        " (photo_id, photo_image_url, photo_embed, content_hash, attributes, version, deleted)"
        f" VALUES ('old', 'http://h/old', [1, 0, 0, 0], '{'0' * 64}', '{{}}', 1, 0)"
    )
    return collection


def test_a_picture_is_read_with_its_photo(catalogue, collection):
    catalogue.ensure(collection, "m", 4)
    catalogue.write(collection, [row("a", PICTURE), row("b")])
    assert everywhere(catalogue, collection, "a") == {PICTURE}
    assert everywhere(catalogue, collection, "b") == {UNKNOWN}


def test_a_replaced_photo_has_the_new_picture(catalogue, collection):
    catalogue.ensure(collection, "m", 4)
    catalogue.write(collection, [row("a", PICTURE, version=1)])
    newer = replace(PICTURE, thumbnail="/thumbnails/a?v=2")
    catalogue.write(collection, [row("a", newer, version=2)])
    assert everywhere(catalogue, collection, "a") == {newer}
    catalogue.write(collection, [row("a", version=3)])
    assert everywhere(catalogue, collection, "a") == {UNKNOWN}


def test_an_older_table_is_read_as_it_is(catalogue, older):
    assert everywhere(catalogue, older, "old") == {UNKNOWN}


def test_the_first_ingest_into_an_older_table_adds_the_columns(settings, catalogue, older):
    reader = connect(settings)
    assert reader.get(older, "old").picture == UNKNOWN
    catalogue.ensure(older, "m", 4)
    catalogue.write(older, [row("new", PICTURE)])
    for process in (catalogue, reader):
        assert everywhere(process, older, "new") == {PICTURE}
        assert everywhere(process, older, "old") == {UNKNOWN}


def test_an_older_lichtbild_may_go_on_writing(catalogue, older, statement):
    catalogue.ensure(older, "m", 4)
    statement(
        f"INSERT INTO `{older}` (photo_id, photo_image_url, photo_embed, content_hash, attributes, version, deleted)"
        f" VALUES ('x', 'http://h/x', [1, 0, 0, 0], '{'0' * 64}', '{{}}', 1, 0)"
    )
    assert everywhere(catalogue, older, "x") == {UNKNOWN}
    assert catalogue.describe(older).model == "m"


def test_a_user_who_may_not_add_columns_stores_photos_without_pictures(catalogue, older, monkeypatch):
    command = catalogue._session.command

    def refuse(sql: str, *rest: object) -> None:
        if sql.startswith("ALTER"):
            raise UnavailableError("The catalogue rejected the statement (ACCESS_DENIED).")
        command(sql, *rest)

    monkeypatch.setattr(catalogue._session, "command", refuse)
    catalogue.ensure(older, "m", 4)
    catalogue.write(older, [row("new", PICTURE)])
    assert everywhere(catalogue, older, "new") == {UNKNOWN}
