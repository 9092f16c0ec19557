"""The examples of request bodies in the OpenAPI document are accepted by the API."""

import io
import json

import pytest

from api.app import create_app
from tests.api.conftest import api_document
from tests.pictures import photo


def examples() -> list[tuple[str, str, object]]:
    """Path, media type and body of each example."""
    document = api_document()
    found = []
    for path, operations in document["paths"].items():
        for media, content in operations.get("post", {}).get("requestBody", {}).get("content", {}).items():
            named = [example["value"] for example in content.get("examples", {}).values()]
            found += [(path, media, body) for body in ([content["example"]] if "example" in content else named)]
    return found


def test_each_body_has_an_example():
    with_body = {
        (path, media)
        for path, operations in api_document()["paths"].items()
        for operation in operations.values()
        for media in operation.get("requestBody", {}).get("content", {})
    }
    assert {(path, media) for path, media, _ in examples()} == with_body


@pytest.mark.parametrize(("path", "media", "body"), examples())
def test_each_example_is_accepted(connection, settings, tmp_path, path, media, body):
    settings = settings.model_copy(update={"uploads_folder": str(tmp_path)})
    client = create_app(settings).test_client()
    data = body if isinstance(body, str) else form(body) if media == "multipart/form-data" else json.dumps(body)
    answer = client.post(path, data=data, content_type=media)
    if path == "/v1/photos/known":
        assert (answer.status_code, answer.json) == (200, {"photos": []})
        return
    assert answer.status_code == 202, answer.text
    assert {job["status"] for job in answer.json.get("jobs", [answer.json])} == {"queued"}


def form(fields):
    """The fields of a form as a client sends them: texts, files, and JSON."""
    return {name: field(name, value) for name, value in fields.items()}


def field(name, value):
    if name == "images":
        return [(io.BytesIO(photo(n)), named) for n, named in enumerate(value)]
    if name == "image":
        return io.BytesIO(photo(0)), value
    return value if isinstance(value, str) else json.dumps(value)
