"""Tables of other libraries are ingested as they are."""

import gzip
import importlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from lichtbild import Client, InvalidItem
from tests.lichtbild.fake_api import FakeApi, Reply, ingest_job

COLUMNS = {"photo_id": ["a", "b"], "url": ["http://x/a", "http://x/b"], "place": ["Sylt", None], "width": [3.5, None]}
ITEMS = [
    {"photo_id": "a", "url": "http://x/a", "attributes": {"place": "Sylt", "width": 3.5}},
    {"photo_id": "b", "url": "http://x/b", "attributes": {}},
]


class Polars:
    """The methods of a polars data frame that the client uses."""

    columns = tuple(COLUMNS)

    def __len__(self) -> int:
        return 2

    def iter_rows(self, *, named: bool) -> Iterator[dict[str, Any]]:
        assert named
        return iter([dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)])


class Dataset:
    """A streamed Hugging Face dataset: it can be iterated and has no length."""

    features, info = dict.fromkeys(COLUMNS), None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return Polars().iter_rows(named=True)


def table(kind: str) -> Any:
    if kind in ("Polars", "Dataset"):
        return {"Polars": Polars, "Dataset": Dataset}[kind]()
    module = importlib.import_module(kind)
    return module.DataFrame(COLUMNS) if kind == "pandas" else module.table(COLUMNS)


def sent(api: FakeApi) -> list[dict]:
    body = api.calls("POST", "/v1/ingest")[-1].body
    return [json.loads(line) for line in gzip.decompress(body).splitlines()]


@pytest.mark.parametrize("kind", ["pandas", "pyarrow", "Polars", "Dataset"])
def test_a_table_is_sent_row_by_row(api: FakeApi, client: Client, kind: str) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    counts = []

    client.ingest(table(kind), progress=counts.append)

    assert (sent(api), counts) == (ITEMS, [1, 2])


@pytest.mark.parametrize("kind", ["pandas", "pyarrow", "Polars"])
def test_a_table_is_sent_again_after_a_broken_connection(api: FakeApi, client: Client, pauses: list, kind: str) -> None:
    api.on("POST", "/v1/ingest", Reply(reset=True), Reply(ingest_job("queued"), 202))

    client.ingest(table(kind))

    assert len({call.headers["Idempotency-Key"] for call in api.seen}) == 1
    assert sent(api) == ITEMS


def test_ids_may_be_numbers_and_attributes_a_column(api: FakeApi, client: Client) -> None:
    pandas = importlib.import_module("pandas")
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    frame = pandas.DataFrame(
        {
            "photo_id": [7],
            "photo_image_url": ["http://x"],
            "attributes": [{"k": 1}],
            "day": [pandas.NaT],
            "ratio": pandas.array([float("nan")], dtype="float32"),
        }
    )

    client.ingest(frame)

    assert sent(api) == [{"photo_id": "7", "url": "http://x", "attributes": {"k": 1}}]


def test_a_table_without_urls_is_refused(api: FakeApi, client: Client) -> None:
    pandas = importlib.import_module("pandas")

    with pytest.raises(InvalidItem, match="'url' or 'photo_image_url'"):
        client.ingest(pandas.DataFrame({"id": ["a"]}))


def test_what_is_no_table_is_refused(client: Client) -> None:
    with pytest.raises(InvalidItem, match="object"):
        client.ingest(object())


def test_a_generator_reports_its_progress_while_it_is_sent(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    log: list[str] = []

    def items() -> Iterator[tuple[str, str]]:
        for name in ("a", "b"):
            log.append(name)
            yield name, "http://x"

    client.ingest(items(), progress=lambda count: log.append(str(count)))

    assert log == ["a", "1", "b", "2"]


def test_a_client_from_the_environment_needs_its_address(monkeypatch: pytest.MonkeyPatch, api: FakeApi) -> None:
    monkeypatch.delenv("LICHTBILD_API", raising=False)
    with pytest.raises(ValueError, match="LICHTBILD_API is not set"):
        Client.from_env()
    monkeypatch.setenv("LICHTBILD_API", api.url)
    with Client.from_env() as client:
        client.health()


@pytest.mark.parametrize("kind", ["rich", "tqdm"])
def test_progress_may_be_a_bar_of_a_package(
    api: FakeApi, client: Client, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(stored=3)))

    job = client.ingest([("a", "http://x/a"), ("b", "http://x/b")], progress=kind)
    client.wait(job.id, on_progress=kind)

    shown = "".join(capfd.readouterr())
    assert "sending" in shown
    assert "processing" in shown
    assert ("3/3" if kind == "tqdm" else "100%") in shown
    assert len(sent(api)) == 2
