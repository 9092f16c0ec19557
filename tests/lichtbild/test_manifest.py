"""The body of an ingest: streamed, with the right media type, and cut at the limit."""

import gzip
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from lichtbild import Client, InvalidItem, UnknownFormat
from lichtbild.manifest import from_file, from_items
from tests.lichtbild.fake_api import FakeApi, Reply, Seen, ingest_job

TABLE = 'photo_id\tphoto_image_url\tdescription\na\thttp://x/a\t"two\nlines"\n\nb\thttp://x/b\tone\nc\thttp://x/c\t\n'


@pytest.fixture(autouse=True)
def _accepting(api: FakeApi) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))


def sent(api: FakeApi) -> Seen:
    return api.calls("POST", "/v1/ingest")[0]


def test_items_are_sent_as_gzipped_lines(api: FakeApi, client: Client) -> None:
    job = client.ingest([("a", "http://x/a"), ("b", "http://x/b", {"k": "ü"}), {"id": "c", "url": "u"}], "mine")

    request = sent(api)
    lines = [json.loads(line) for line in gzip.decompress(request.body).splitlines()]
    assert lines == [
        {"photo_id": "a", "url": "http://x/a"},
        {"photo_id": "b", "url": "http://x/b", "attributes": {"k": "ü"}},
        {"id": "c", "url": "u"},
    ]
    assert job.status == "queued"
    assert request.query == {"collection": "mine"}
    assert request.headers["Content-Type"] == "application/x-ndjson"
    assert request.headers["Content-Encoding"] == "gzip"
    assert request.headers["Transfer-Encoding"] == "chunked"
    assert request.headers["Idempotency-Key"].startswith('"')


def test_items_are_never_held_whole() -> None:
    tracemalloc.start()
    manifest = from_items((f"photo-{number}", f"http://example.org/{number}.jpg") for number in range(6_000))
    size = sum(len(piece) for piece in manifest.pieces())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # The list alone would have 1.2 MB.
    assert size > 20_000
    assert peak < 600_000, f"peak was {peak} bytes"


def test_dates_and_numpy_scalars_are_sent_in_their_json_form(api: FakeApi, client: Client) -> None:
    attributes = {"taken": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "width": np.int64(800), "score": np.float32(0.5)}

    client.ingest([("a", "http://x/a", attributes)])

    (line,) = gzip.decompress(sent(api).body).splitlines()
    assert json.loads(line)["attributes"] == {"taken": "2026-01-02T03:04:05+00:00", "width": 800, "score": 0.5}


@pytest.mark.parametrize(
    "wrong",
    [
        ("b", "http://x/b", {"width": float("nan")}),
        ("b", "http://x/b", {"width": np.float64("nan")}),
        {"id": "b", "url": "http://x/b", "attributes": {"vector": np.zeros(2)}},
        ("b", "http://x/b", {"colours": {"red"}}),
        ("b",),
        "b",
    ],
)
def test_an_item_that_cannot_be_sent_is_named_with_its_place(api: FakeApi, client: Client, wrong: object) -> None:
    with pytest.raises(InvalidItem, match=r"^Item 2 \('b'\) cannot be sent: ."):
        client.ingest([("a", "http://x/a"), wrong])


@pytest.mark.parametrize("items", ["http://x/a.jpg", {"id": "a", "url": "http://x/a"}])
def test_one_item_in_place_of_a_list_is_refused(client: Client, items: object) -> None:
    with pytest.raises(InvalidItem, match="must be a list"):
        client.ingest(items)


def test_a_bare_url_is_sent_without_an_id_which_the_api_makes_of_it(api: FakeApi, client: Client) -> None:
    client.ingest(["http://x/a.jpg", ("b", "http://x/b.jpg")])

    first, second = map(json.loads, gzip.decompress(sent(api).body).splitlines())
    assert first == {"url": "http://x/a.jpg"}
    assert second == {"photo_id": "b", "url": "http://x/b.jpg"}


def test_a_list_of_other_texts_is_refused_with_the_forms_of_an_item(client: Client) -> None:
    with pytest.raises(InvalidItem, match=r"Item 1 \('a.jpg'\).*\(photo_id, url\).*URL"):
        client.ingest(["a.jpg"])


@pytest.mark.parametrize("fault", [ValueError("a bad row"), OSError("the disk"), ConnectionResetError("their source")])
def test_an_error_of_the_callers_own_items_reaches_the_caller(api: FakeApi, client: Client, fault: Exception) -> None:
    def items() -> Iterator[tuple[str, str]]:
        yield "a", "http://x/a"
        raise fault

    with pytest.raises(type(fault), match=str(fault)):
        client.ingest(items())


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("photos.tsv", TABLE, "text/tab-separated-values"),
        ("photos.tsv000", TABLE, "text/tab-separated-values"),
        ("photos.csv000", TABLE, "text/tab-separated-values"),
        ("photos.CSV", "id,url\na,http://x/a\n", "text/csv"),
        ("photos.ndjson", '{"id": "a", "url": "http://x/a"}\n', "application/x-ndjson"),
        ("photos.jsonl", '{"id": "a", "url": "http://x/a"}\n', "application/x-ndjson"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_is_sent_unchanged(
    api: FakeApi, client: Client, tmp_path: Path, name: str, content: str, media_type: str, zipped: bool
) -> None:
    path = tmp_path / (name + ".gz" if zipped else name)
    path.write_bytes(gzip.compress(content.encode()) if zipped else content.encode())

    client.ingest_file(path)

    request = sent(api)
    assert request.body == path.read_bytes()
    assert request.headers["Content-Type"] == media_type
    assert request.headers.get("Content-Encoding") == ("gzip" if zipped else None)


@pytest.mark.parametrize(("limit", "rows"), [(1, "ab"), (2, "abc"), (3, None), (9, None)])
def test_a_limit_counts_rows_not_lines(tmp_path: Path, limit: int, rows: str | None) -> None:
    path = tmp_path / "photos.tsv"
    path.write_text(TABLE)
    end = {"ab": TABLE.index("\nb\t"), "abc": TABLE.index("c\thttp")}.get(rows or "", len(TABLE))

    cut = gzip.decompress(b"".join(from_file(path, limit).pieces())).decode()

    assert cut.rstrip("\n") == TABLE[:end].rstrip("\n")


def test_a_limit_cuts_ndjson_from_a_pipe(api: FakeApi, client: Client) -> None:
    client.ingest_ndjson(io.BytesIO(b'\n{"id":"a"}\n{"id":"b"}\n{"id":"c"}'), limit=2)

    assert gzip.decompress(sent(api).body).split() == [b'{"id":"a"}', b'{"id":"b"}']


@pytest.mark.parametrize("name", ["photos.parquet", "photos", "tsv.zip"])
def test_a_file_of_unknown_format_is_refused(client: Client, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"x")

    with pytest.raises(UnknownFormat, match=name):
        client.ingest_file(path)
