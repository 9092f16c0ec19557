"""The spool: what is in it is found, what is done with is gone, and nothing else is touched."""

import errno
from pathlib import Path

import pytest

from shared.addresses.web_url import url_problem
from shared.errors import UnavailableError
from shared.uploads.spool import Spool, is_upload

JOB, OTHER = "0" * 20, "1" * 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Spool:
    return Spool(folder, 10**9)


def put(spool: Spool, job: str, *contents: bytes) -> list[str]:
    reception = spool.receive(job, 0)
    addresses = [reception.add([content[:3], content[3:]]) for content in contents]
    reception.seal()
    return addresses


def test_pictures_are_read_back_until_they_are_removed(spool, folder):
    first, second = put(spool, JOB, b"first", b"")
    (other,) = put(spool, OTHER, b"other")
    assert [spool.read(address) for address in (first, second, other, first)] == [b"first", b"", b"other", b"first"]

    spool.remove([first])
    assert [spool.read(address) for address in (first, second)] == [None, b""]
    spool.remove([first, second])
    assert [path.name for path in folder.iterdir()] == [OTHER]


def test_addresses_are_ours_and_no_urls(spool):
    (address,) = put(spool, JOB, b"x")
    assert is_upload(address)
    assert url_problem(address) is not None
    assert not any(is_upload(url) for url in ("http://h/upload:", "/thumbnails/a", "Upload:x"))
    for wrong in ("upload:../../etc/passwd", f"upload:{JOB}/../x", f"upload:{JOB}/1\n", f"upload:{JOB}/٣", "upload:"):
        with pytest.raises(ValueError, match="not an address"):
            spool.read(wrong)


def test_a_spool_that_is_not_there_says_nothing_about_its_pictures(spool, folder):
    (address,) = put(spool, JOB, b"x")
    folder.rename(folder.with_name("unmounted"))
    with pytest.raises(UnavailableError, match="LICHTBILD_UPLOADS_FOLDER"):
        spool.read(address)


def test_a_disk_that_fails_is_no_pictures_fault(spool, monkeypatch):
    (address,) = put(spool, JOB, b"x")

    def fail(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(UnavailableError, match="Input/output error"):
        spool.read(address)


def test_what_is_discarded_is_gone_whatever_happened_to_it(spool, folder):
    reception = spool.receive(JOB, 0)
    reception.add([b"x"])

    def broken() -> object:
        yield b"x"
        raise ValueError("the client went away")

    with pytest.raises(ValueError, match="went away"):
        reception.add(broken())
    reception.discard()
    reception.discard()
    assert list(folder.iterdir()) == []
