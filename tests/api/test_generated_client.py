"""A client that openapi-python-client generates from the committed document submits, polls, searches and retries.

The API is served by gunicorn, with real stores; workers are played by threads, which fail the first item of each chunk.
"""

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from embedded.servers import running_catalogue
from tests.api.fuzzing.played_workers import played_workers
from tests.api.serving import served
from tests.pictures import photo

ROOT = Path(__file__).parents[2]
PACKAGE = "generated_lichtbild"


class Generated:
    """The generated package, and a client of it."""

    def __init__(self, address: str) -> None:
        self.client = self.module("client").Client(base_url=address, raise_on_unexpected_status=True)

    def module(self, name: str) -> ModuleType:
        return import_module(f"{PACKAGE}.{name}")

    def model(self, name: str, value: dict[str, Any]) -> Any:
        """An instance of a generated model."""
        return getattr(self.module("models"), name).from_dict(value)

    def call(self, operation: str, *arguments: Any, **options: Any) -> Any:
        """The answer of an operation, named `subject.operation_id`, as a generated model."""
        return self.module(f"api.{operation}").sync(*arguments, client=self.client, **options)


@pytest.fixture(scope="module")
def catalogue_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A catalogue of their own: these tests fill and empty the default collection."""
    with running_catalogue(tmp_path_factory.mktemp("catalogue")) as url:
        yield url


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("generated")
    generator = Path(sys.executable).parent / "openapi-python-client"
    command = [generator, "generate", "--path", ROOT / "docs" / "openapi.json", "--output-path", folder / PACKAGE]
    # The generator formats its output with ruff, which it looks for on the path.
    environment = {**os.environ, "PATH": f"{generator.parent}:{os.environ['PATH']}"}
    subprocess.run([*command, "--meta", "none"], check=True, capture_output=True, env=environment, timeout=120)
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))


@pytest.fixture
def generated(package: None, connection, settings, tmp_path) -> Iterator[Generated]:
    log, uploads = tmp_path / "log", str(tmp_path / "uploads")
    with served(settings, log, uploads_folder=uploads) as address, played_workers(connection, settings):
        found = Generated(address)
        with found.client:
            yield found


def ended(generated: Generated, job: Any) -> Any:
    """Poll a job until it has ended."""
    deadline = time.monotonic() + 60
    while True:
        found = generated.call("jobs.get_job", job.id, wait=5)
        if found.finished_at is not None:
            return found
        assert time.monotonic() < deadline, found


def test_it_submits_a_list_polls_reads_the_failures_and_retries_them(generated, collection):
    items = [{"photo_id": name, "url": f"https://example.org/{name}.jpg"} for name in ("a", "b", "c")]
    body = generated.model("ListBody", {"items": items})

    job = generated.call("ingest.ingest", body=body, collection=collection, idempotency_key=collection)
    again = generated.call("ingest.ingest", body=body, collection=collection, idempotency_key=collection)
    assert again.id == job.id
    job = ended(generated, job)
    assert (job.status, job.progress.stored, job.progress.failed) == ("succeeded", 2, 1)

    (failed,) = generated.call("jobs.list_failures", job.id).items
    assert (failed.photo_id, failed.code) == ("a", "http_404")
    retry = generated.call("jobs.retry_job", job.id)
    assert retry.parent_id == job.id
    assert ended(generated, retry).progress.failed == 1


def test_it_uploads_images(generated, collection):
    file = generated.module("types").File
    files = [file(io.BytesIO(photo(n)), f"{n}.jpg", "image/jpeg") for n in range(3)]
    body = generated.module("models").IngestFilesBody(files)
    assert ended(generated, generated.call("ingest.ingest", body=body, collection=collection)).progress.total == 3


def test_it_searches_by_text_and_by_an_uploaded_image(generated):
    query = generated.model("SearchBody", {"text": "a dog", "top_k": 2, "filter": {"place": "Sylt"}})
    job = generated.call("search.search", body=query, prefer="wait=30")
    assert job.status == "succeeded"
    (hit,) = job.result.hits
    assert (hit.photo_id, hit.distance, hit.similarities, hit.attributes["place"]) == ("beach-1", 0.25, [0.75], "Sylt")

    picture = generated.module("types").File(io.BytesIO(photo(2)), "2.jpg", "image/jpeg")
    form = generated.module("models").SearchFilesSearchBody(image=picture, text="at night")
    assert ended(generated, generated.call("search.search", body=form)).result.hits[0].photo_id == "beach-1"
    assert generated.call("photos.get_photo", hit.photo_id).photo_id == "beach-1"


def test_a_problem_is_a_model_with_its_code(generated):
    problem = generated.call("jobs.get_job", "0" * 20)
    assert (problem.status, problem.code) == (404, "not_found")
    problem = generated.call("search.search", body=generated.model("SearchBody", {"text": " "}))
    assert (problem.status, problem.faults[0].pointer) == (422, "/text")
