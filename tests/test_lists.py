"""Files as the world has them, read by the client, sent to the API: the same items from every container."""

import gzip
import json
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from api.app import create_app
from lichtbild import ListOptions, MissingPackage, UnknownFormat
from lichtbild.manifest import from_file
from shared.ledger.ingest import IngestLedger

TSV = 'id\turl\tnote\na\thttp://h/a\t"open\nb\thttp://h/b\t"two\nlines"\nc\thttp://h/c\tthe end"\n'
ITEMS = [
    ("a", "http://h/a", {"note": '"open'}),
    ("b", "http://h/b", {"note": "two\nlines"}),
    ("c", "http://h/c", {"note": 'the end"'}),
]


@pytest.fixture
def ingested(connection, settings):
    """Send a file as the client does; return the items that the API staged, or its refusal."""
    client, ledger = create_app(settings).test_client(), IngestLedger(connection, settings)

    def ingested(path: Path, limit: int | None = None, **options):
        manifest = from_file(path, limit, ListOptions(**options))
        headers = {"Content-Encoding": "gzip"} if manifest.gzipped else {}
        answer = client.post(
            "/v1/ingest",
            data=b"".join(manifest.pieces()),
            content_type=manifest.media_type,
            headers=headers,
            query_string=manifest.params,
        )
        if answer.status_code != 202:
            return answer.json
        found = []
        while claim := ledger.claim():
            found += [(item.id, item.url, item.attributes) for item in claim.items]
        return found

    return ingested


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(folder: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(folder / "list.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return folder / "list.zip"


@pytest.mark.parametrize("limit", [None, 3, 2, 1])
@pytest.mark.parametrize("container", ["plain", "gzip", "gzip by content", "zip", "zip of photos"])
def test_one_rule_for_every_container(ingested, tmp_path, container, limit):
    paths = {
        "plain": lambda: written(tmp_path, "list.tsv", TSV),
        "gzip": lambda: written(tmp_path, "list.tsv.gz", gzip.compress(TSV.encode())),
        "gzip by content": lambda: written(tmp_path, "list.tsv", gzip.compress(TSV.encode())),
        "zip": lambda: zipped(tmp_path, {"data/list.tsv": TSV, "README.md": "x"}),
        "zip of photos": lambda: zipped(
            tmp_path,
            {
                "photos.tsv000": "photo_id\tphoto_image_url\tnote\n" + TSV.partition("\n")[2].rpartition("c\thttp")[0],
                "photos.tsv001": 'photo_id\tphoto_image_url\tnote\nc\thttp://h/c\tthe end"',
            },
        ),
    }
    assert ingested(paths[container](), limit) == ITEMS[:limit]


@pytest.mark.parametrize("limit", [None, 1])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("urls.txt", "http://h/a\nhttp://h/b\n"),
        ("urls.txt.gz", gzip.compress(b"http://h/a\nhttp://h/b\n", mtime=0)),
        ("list.json", json.dumps([{"URL": "http://h/a"}, {"URL": "http://h/b"}])),
        ("list.jsonl", '{"url": "http://h/a", "none": null}\n{"url": "http://h/b"}\n'),
        ("list.csv", "sep=;\r\nURL;x\r\nhttp://h/a;\r\nhttp://h/b;\r\n"),
        ("list.csv", "URL\tx\r\nhttp://h/a\t\r\nhttp://h/b\t\r\n".encode("utf-16")),
    ],
)
def test_kinds_of_lists(ingested, tmp_path, name, content, limit):
    found = ingested(written(tmp_path, name, content), limit)
    assert found == [("http://h/a", "http://h/a", {}), ("http://h/b", "http://h/b", {})][:limit]


def test_parquet_is_read_without_its_bytes(ingested, tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pa.table(
        {
            "URL": [f"http://h/{n}" for n in range(2500)],
            "TEXT": ["a caption", *[None] * 2499],
            "WIDTH": list(range(2500)),
            "similarity": [float("nan"), *[0.5] * 2499],
            "price": [Decimal("1.50")] * 2500,
            "image": [{"bytes": b"x" * 100, "path": "a.jpg"}] * 2500,
        }
    )
    parquet.write_table(table, tmp_path / "list.parquet", row_group_size=700)

    found = ingested(tmp_path / "list.parquet")

    assert len(found) == 2500
    assert found[0] == ("http://h/0", "http://h/0", {"TEXT": "a caption", "WIDTH": 0, "price": 1.5})
    assert found[2499][2] == {"WIDTH": 2499, "similarity": 0.5, "price": 1.5}
    assert ingested(tmp_path / "list.parquet", 3, id_column="width")[2] == (
        ("2", "http://h/2", {"similarity": 0.5, "price": 1.5})
    )


def test_without_pyarrow_a_parquet_file_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPackage, match=r"lichtbild\[parquet\]"):
        from_file(written(tmp_path, "list.parquet", b"PAR1"))


@pytest.mark.parametrize(
    ("name", "words"), [("list.xlsx", "CSV UTF-8"), ("list.tar", "unpack"), ("list.docx", ".parquet")]
)
def test_a_file_that_is_no_list_says_what_to_do(tmp_path, name, words):
    with pytest.raises(UnknownFormat, match=words):
        from_file(written(tmp_path, name, b"x"))


def test_a_zip_of_several_tables_names_what_to_do(tmp_path):
    with pytest.raises(UnknownFormat, match="2 other tables; unpack"):
        from_file(zipped(tmp_path, {"a.csv": "url\n", "b.csv": "url\n"}))


def test_options_reach_the_api(ingested, tmp_path):
    path = written(tmp_path, "list.csv", "größe\thttp://h/?a=1&amp;b=2\nx\tbad\n".encode("cp1252"))
    found = ingested(path, columns=("note", "url"), encoding="cp1252", unescape_urls=True, keep_going=True)
    assert found == [("http://h/?a=1&b=2", "http://h/?a=1&b=2", {"note": "größe"})]
    refused = ingested(path, columns=("note", "url"), encoding="cp1252")
    assert [(fault["line"], fault["column"]) for fault in refused["faults"]] == [(2, "url")]
