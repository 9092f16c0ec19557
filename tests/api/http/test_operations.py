"""Every route has one declaration, which validates what comes in."""

import pytest
from pydantic import SecretStr

from api.app import create_app
from api.http.operations import operations
from tests.api.http.declared_requests import declared


@pytest.fixture
def app(settings):
    return create_app(settings)


def test_every_route_of_the_app_is_declared(app):
    served = {(rule.endpoint, rule.rule) for rule in app.url_map.iter_rules()}
    declared = {(endpoint, operation.path) for endpoint, operation in operations(app).items()}
    assert served == declared


def test_every_operation_has_a_summary_and_an_answer(app):
    for operation in operations(app).values():
        assert operation.description.splitlines()[0].endswith("."), operation.name
        assert any(200 <= answer.status < 300 for answer in operation.answers), operation.name


def test_names_of_operations_are_unique(app):
    names = [operation.name for operation in operations(app).values()]
    assert len(names) == len(set(names))


def test_every_route_refuses_a_parameter_that_it_does_not_know(app):
    client = app.test_client()
    for operation in operations(app).values():
        path = operation.path.replace("<path:", "<")
        for part in ("job_id", "photo_id", "name"):
            path = path.replace(f"<{part}>", "x")
        answer = client.open(path, method=operation.method, query_string={"colection": "x"})
        assert (answer.status_code, answer.json["type"]) == (422, "urn:lichtbild:invalid_request"), operation.name
        assert "'colection'" in answer.json["detail"]


def test_every_route_that_needs_a_key_refuses_requests_without_one_and_no_other_does(connection, settings):
    client = create_app(settings.model_copy(update={"api_keys": (SecretStr("right"),)})).test_client()
    for operation in declared():
        path = operation.at(job_id="x", photo_id="x", name="x")
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            answer = client.open(path, method=operation.method, headers=headers)
            assert (answer.status_code == 401) == operation.needs_key, operation.name


def test_a_parameter_that_is_given_twice_is_refused(app):
    answer = app.test_client().get("/v1/jobs?limit=1&limit=2")
    assert answer.status_code == 422
    assert "`limit` is given 2 times" in answer.json["detail"]


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/v1/jobs?limit=0", "`limit` must be greater than or equal to 1."),
        ("/v1/jobs?limit=1.5", "`limit` must be a whole number."),
        ("/v1/jobs?kind=x", "`kind` must be 'ingest', 'search', 'delete', 'index' or 'embed'."),
        ("/v1/jobs/x?wait=soon", "`wait` must be a number of seconds."),
        ("/v1/photos/x?include=vector", "`include` must be 'embedding'."),
    ],
)
def test_a_fault_names_the_parameter_and_what_it_must_be(app, path, detail):
    assert app.test_client().get(path).json["detail"] == detail


def test_a_body_of_another_type_is_refused_with_the_types_that_are_read(app):
    answer = app.test_client().post("/v1/search", data=b"x", content_type="text/plain")
    assert answer.status_code == 415
    assert "application/json" in answer.json["detail"]
