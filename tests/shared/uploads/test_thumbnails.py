"""Thumbnails: found under their address and nowhere else."""

import errno
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import UnavailableError
from shared.uploads.thumbnails import ROUTE, Thumbnails, thumbnail_url

OLD, NEW = hashlib.sha256(b"old").digest(), hashlib.sha256(b"new").digest()


@pytest.fixture
def thumbnails(tmp_path: Path) -> Thumbnails:
    return Thumbnails(tmp_path / "thumbnails")


def find(thumbnails: Thumbnails, url: str) -> bytes | None:
    """As the API does."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    photo_id = unquote(parts.path.removeprefix(ROUTE))
    found = thumbnails.find(query.get("collection", "photos"), photo_id, query["v"])
    return found.read_bytes() if found else None


@pytest.mark.parametrize("photo_id", ["a", "../../../x", "a/../b", "ü/%2F?#&", "x" * 256, "\\", "a b"])
def test_a_thumbnail_is_found_by_its_address_and_lies_within_the_folder(thumbnails, tmp_path, photo_id):
    for collection in ("photos", "mine"):
        thumbnails.save(collection, photo_id, NEW, collection.encode())
        assert find(thumbnails, thumbnail_url(collection, photo_id, NEW)) == collection.encode()
        assert find(thumbnails, thumbnail_url(collection, photo_id, OLD)) is None
        assert find(thumbnails, thumbnail_url(collection, photo_id + "x", NEW)) is None
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2
    assert (tmp_path / "thumbnails").stat().st_mode & 0o077 == 0


@given(st.text(max_size=70))
def test_no_mark_leads_anywhere_else(mark):
    assert Thumbnails(Path("/")).find("photos", "a", mark) is None


def test_a_replaced_photo_has_its_own_picture_in_whatever_order_they_come(thumbnails):
    thumbnails.save("photos", "a", NEW, b"new")
    thumbnails.save("photos", "a", OLD, b"old")
    assert find(thumbnails, thumbnail_url("photos", "a", NEW)) == b"new"


def test_removing_a_photo_removes_all_of_its_pictures_and_no_others(thumbnails, tmp_path):
    for photo_id, content_hash in (("a", OLD), ("a", NEW), ("b", NEW)):
        thumbnails.save("photos", photo_id, content_hash, b"x")
    thumbnails.save("mine", "a", NEW, b"x")

    thumbnails.remove("photos", "a")
    thumbnails.remove("photos", "a")

    left = [("photos", "b", NEW), ("mine", "a", NEW)]
    assert [find(thumbnails, thumbnail_url(*one)) for one in left] == [b"x", b"x"]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


def test_many_may_save_the_same(thumbnails, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: thumbnails.save("photos", "a", NEW, b"x" * 10_000), range(50)))
    assert [path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()] == [10_000]


def test_a_full_disk_is_our_fault_and_leaves_nothing(thumbnails, tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shared.uploads.thumbnails.os.fsync", full)
    with pytest.raises(UnavailableError, match="No space left"):
        thumbnails.save("photos", "a", NEW, b"x")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
