"""Unsplash's dataset as it is downloaded: a zip with a table inside, in one part or in many."""

import csv
import gzip
import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from lichtbild import BrokenFile, Client, UnknownFormat
from lichtbild.manifest import from_file
from lichtbild.unsplash_zip import read_lines
from tests.lichtbild.fake_api import FakeApi, Reply, ingest_job
from tests.unsplash import COLUMNS, damaged, row, table, write_zip


def rows(path: Path) -> list[dict[str, str]]:
    text = b"".join(read_lines(path)).decode("utf-8-sig")
    return list(
        csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in text.partition("\n")[0] else ",")
    )


def ids(path: Path) -> list[str]:
    return [found["photo_id"] for found in rows(path)]


def expected(*numbers: int) -> list[str]:
    return [row(n)["photo_id"] for n in numbers]


def test_the_table_is_read_as_it_stands(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "lite.zip", {"photos.tsv000": table(row(n) for n in range(4))})

    found = rows(path)

    assert len(COLUMNS) == 31
    assert found == [row(n) for n in range(4)]
    assert found[0]["photo_description"] == 'He said "über",\ttwice\nand left'


@pytest.mark.parametrize(
    ("members", "numbers"),
    [
        ({"photos.tsv": (0,)}, (0,)),
        ({"photos.csv000": (0,)}, (0,)),
        ({"PHOTOS.TSV000": (0,)}, (0,)),
        ({"unsplash-research-dataset-lite-1.3.0/photos.tsv000": (0, 1)}, (0, 1)),
        ({f"a/photos.tsv{part:03}": (part,) for part in (10, 2, 0, 1)}, (0, 1, 2, 10)),
        ({"photos.tsv000": (0,), "photos.tsv001": (1,), "photos.csv000": (0, 1)}, (0, 1)),
        ({"old/photos.tsv": (5,), "photos.tsv": (0,)}, (0,)),
        ({"__MACOSX/photos.tsv": (5,), "a/photos.tsv": (0,)}, (0,)),
        ({"my-photos.tsv": (5,), "photos.tsv.md": (5,), "photos.tsv": (0,)}, (0,)),
    ],
)
def test_the_table_is_found_wherever_it_lies_and_its_parts_come_in_order(
    tmp_path: Path, members: dict[str, tuple[int, ...]], numbers: tuple[int, ...]
) -> None:
    others = {"README.md": "# Unsplash", "keywords.tsv000": "photo_id\tkeyword\n", "colors.tsv000": "photo_id\thex\n"}
    tables = {name: table(row(n) for n in listed) for name, listed in members.items()}

    assert ids(write_zip(tmp_path / "lite.zip", others | tables)) == expected(*numbers)


def test_commas_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    content = "\ufeff" + table([row(0)], delimiter=",")

    assert ids(write_zip(tmp_path / "lite.zip", {"photos.csv": content})) == expected(0)


def test_its_table_is_sent_and_no_more_than_asked_for(api: FakeApi, client: Client, tmp_path: Path) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    parts = {f"photos.tsv00{part}": table(row(10 * part + n) for n in range(10)) for part in range(2)}

    client.ingest_file(write_zip(tmp_path / "lite.zip", parts), limit=13)

    request = api.calls("POST", "/v1/ingest")[0]
    sent = gzip.decompress(request.body).decode()
    assert [found["photo_id"] for found in csv.DictReader(io.StringIO(sent, newline=""), delimiter="\t")] == expected(
        *range(13)
    )
    assert request.headers["Content-Type"] == "text/tab-separated-values"
    assert request.query["limit"] == "13"


def test_it_is_never_held_whole_nor_unpacked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "lite.zip", {"photos.tsv000": table(row(n) for n in range(5_000))})

    tracemalloc.start()
    count = sum(1 for _ in from_file(path).pieces())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # The table's text alone has 1.3 MB.
    assert count > 1
    assert peak < 1_000_000, f"peak was {peak} bytes"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"README.md": "x"}, "has no photos.tsv"),
        ({}, "has no photos.tsv"),
        ({"photos.tsv": ""}, "no column 'photo_id'"),
        ({"photos.tsv": "photo_id\tx\n"}, "no column 'photo_image_url'"),
    ],
)
def test_a_zip_without_photos_is_refused_at_once(tmp_path: Path, members: dict[str, str], words: str) -> None:
    path = write_zip(tmp_path / "other.zip", members)

    with pytest.raises(UnknownFormat, match=words) as refused:
        read_lines(path)

    assert str(path) in str(refused.value)


def test_a_download_cut_short_is_refused_at_once(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "lite.zip", {"photos.tsv000": table(row(n) for n in range(100))})
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(UnknownFormat, match="download is incomplete"):
        read_lines(path)


def test_damage_in_the_middle_reaches_the_caller_by_name(api: FakeApi, client: Client, tmp_path: Path) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    path = damaged(tmp_path / "lite.zip")

    with pytest.raises(BrokenFile, match=r"lite\.zip: .*photos\.tsv000"):
        client.ingest_file(path)


def test_parts_with_different_columns_are_refused_at_once(tmp_path: Path) -> None:
    parts = {"photos.tsv000": table([row(0)]), "photos.tsv001": table([row(1)], columns=COLUMNS[:5])}

    with pytest.raises(UnknownFormat, match=r"photos\.tsv001 has other columns than photos\.tsv000"):
        read_lines(write_zip(tmp_path / "lite.zip", parts))


def test_a_zip_behind_a_password_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "lite.zip", {"photos.tsv": table([row(0)])})
    content = path.read_bytes()
    # The flag "encrypted", in both of the headers that the format has for a member.
    for signature, offset in ((zipfile.stringFileHeader, 6), (zipfile.stringCentralDir, 8)):
        at = content.index(signature) + offset
        content = content[:at] + bytes([content[at] | 1]) + content[at + 1 :]
    path.write_bytes(content)

    with pytest.raises(BrokenFile, match="encrypted"):
        read_lines(path)
