"""The OpenAPI document is valid, complete, and the committed one is that of this code."""

from pathlib import Path

from openapi_spec_validator import validate

from api import openapi_file

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_the_document_is_valid_openapi_3_1(client):
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json["openapi"].startswith("3.1.")
    validate(answer.json)


def test_the_committed_document_is_that_of_this_code():
    assert COMMITTED.read_text(encoding="utf-8") == openapi_file.text(), "run `make docs`"


def test_parameters_that_are_not_given_are_not_nullable(client):
    for path in client.get("/openapi.json").json["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                assert "anyOf" not in parameter.get("schema", ()), parameter


def test_each_operation_names_its_problems(client):
    document = client.get("/openapi.json").json
    declared = document["paths"]["/v1/jobs/{job_id}/retry"]["post"]["responses"]
    for status in ("401", "403", "404", "409", "422", "500", "503"):
        name = declared[status]["$ref"].removeprefix("#/components/responses/")
        assert list(document["components"]["responses"][name]["content"]) == ["application/problem+json"]
