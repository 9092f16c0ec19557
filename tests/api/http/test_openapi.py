"""The OpenAPI document is valid, complete, and the committed one is that of this code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from api import openapi_file
from tests.api.conftest import api_document, resolved

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"


def operations() -> Iterator[dict[str, Any]]:
    for path in api_document()["paths"].values():
        yield from path.values()


def parameters() -> Iterator[tuple[str, dict[str, Any]]]:
    for operation in operations():
        for parameter in operation["parameters"]:
            yield operation["operationId"], resolved(parameter)


def answers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each answer, by operation and status."""
    for operation in operations():
        for status, answer in operation["responses"].items():
            yield f"{operation['operationId']} {status}", resolved(answer)


def valid(value: Any, schema: dict[str, Any]) -> bool:
    checker = Draft202012Validator({**schema, "components": api_document()["components"]})
    return checker.is_valid(value)


def test_the_document_is_valid_openapi_3_1(client):
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json["openapi"].startswith("3.1.")
    validate(answer.json)


def test_the_committed_document_is_that_of_this_code():
    assert COMMITTED.read_text(encoding="utf-8") == openapi_file.text(), "run `make docs`"


def test_parameters_that_are_not_given_are_not_nullable():
    assert not [(name, parameter) for name, parameter in parameters() if "anyOf" in parameter["schema"]]


def test_the_schemas_of_parameters_have_keywords_of_json_schema_only():
    keywords = {"type", "contentMediaType", "default", "enum", "const", "pattern", "format", "examples"}
    keywords |= {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"}
    for name, parameter in parameters():
        assert parameter["schema"].keys() <= keywords, f"{name}: `{parameter['name']}`"


def test_each_parameter_has_a_description_and_a_valid_example():
    for name, parameter in parameters():
        assert parameter.get("description"), f"{name}: `{parameter['name']}` has no description"
        assert "example" in parameter, f"{name}: `{parameter['name']}` has no example; add examples=[…] to its Field"
        assert valid(parameter["example"], parameter["schema"]), f"{name}: the example of `{parameter['name']}`"


def test_each_field_of_each_schema_has_a_description():
    schemas = api_document()["components"]["schemas"]
    assert len(schemas) > 30
    for name, schema in schemas.items():
        for field, described in schema.get("properties", {}).items():
            assert described.get("description"), f"{name}: write a text under `{field}`"


def test_a_class_says_what_its_inherited_fields_are():
    assert "320 pixels" in api_document()["components"]["schemas"]["Hit"]["properties"]["thumbnail"]["description"]


def test_each_header_of_an_answer_has_a_description_and_a_valid_example():
    for name, answer in answers():
        assert "X-Request-ID" in answer["headers"], name
        for header in map(resolved, answer["headers"].values()):
            assert header["description"]
            assert valid(header["example"], header["schema"]), header


def test_each_answer_has_a_description_and_a_valid_example():
    for name, answer in answers():
        assert answer["description"], name
        for media, content in answer.get("content", {}).items():
            if content["schema"].get("format") == "binary":
                continue
            examples = [resolved(example)["value"] for example in content.get("examples", {}).values()]
            examples += [content["example"]] if "example" in content else []
            assert examples, f"{name} {media} has no example; see api/http/examples.py"
            assert all(valid(example, content["schema"]) for example in examples), f"{name} {media}"


def test_each_problem_of_each_operation_has_an_example_of_its_status_and_code():
    for name, answer in answers():
        for code, example in answer.get("content", {}).get("application/problem+json", {}).get("examples", {}).items():
            problem = resolved(example)["value"]
            assert problem["code"] == code
            assert problem["type"] == f"urn:lichtbild:{code}"
            assert str(problem["status"]) == name.split()[1]


def test_each_operation_names_its_problems():
    declared = api_document()["paths"]["/v1/jobs/{job_id}/retry"]["post"]["responses"]
    for status in ("401", "403", "404", "409", "422", "500", "503"):
        assert list(resolved(declared[status])["content"]) == ["application/problem+json"]


def test_each_link_leads_to_an_operation_and_fills_parameters_that_it_has():
    by_id = {operation["operationId"]: operation for operation in operations()}
    for name, answer in answers():
        for link in answer.get("links", {}).values():
            known = {resolved(parameter)["name"] for parameter in by_id[link["operationId"]]["parameters"]}
            assert link["parameters"].keys() <= known, name


@pytest.mark.parametrize("step", ["get_job", "stream_events", "list_failures", "retry_job"])
def test_the_answer_to_an_ingest_links_what_clients_do_next(step):
    assert step in api_document()["paths"]["/v1/ingest"]["post"]["responses"]["202"]["links"]
