"""The examples of request bodies in the OpenAPI document are accepted by the API."""

import json

import pytest

from tests.api.conftest import api_document


def examples() -> list[tuple[str, str, object]]:
    """Path, media type and body of each example."""
    document = api_document()
    found = []
    for path, operations in document["paths"].items():
        for media, content in operations.get("post", {}).get("requestBody", {}).get("content", {}).items():
            name = content["schema"].get("$ref", "").rpartition("/")[2]
            schema = document["components"]["schemas"][name] if name else content["schema"]
            given = [content["example"]] if "example" in content else schema.get("examples", [])
            found += [(path, media, body) for body in given]
    return found


def test_each_body_but_uploads_has_an_example():
    assert {(path, media) for path, media, _ in examples()} == {
        ("/v1/ingest", "application/json"),
        ("/v1/ingest", "application/x-ndjson"),
        ("/v1/ingest", "text/csv"),
        ("/v1/ingest", "text/tab-separated-values"),
        ("/v1/search", "application/json"),
        ("/v1/search", "multipart/form-data"),
    }


@pytest.mark.parametrize(("path", "media", "body"), examples())
def test_each_example_is_accepted(client, path, media, body):
    if media == "multipart/form-data":
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
        answer = client.post(path, data=texts, content_type=media)
    else:
        answer = client.post(path, data=body if isinstance(body, str) else json.dumps(body), content_type=media)
    assert answer.status_code == 202, answer.text
    assert answer.json["status"] == "queued"
