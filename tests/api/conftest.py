"""The API as an app with real Redis and a real catalogue behind it. No worker runs unless a test plays one."""

import json
from functools import cache, reduce
from operator import getitem
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.exceptions import HTTPException

from api import openapi_file
from api.app import create_app
from api.http.openapi.parameters import path_of
from api.http.operations import operations


class CheckedClient(FlaskClient):
    """Checks each answer against the OpenAPI document: its status is declared, and its JSON has the declared shape."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        response = super().open(*args, **kwargs)
        try:
            endpoint, _ = self.application.url_map.bind("").match(response.request.path, response.request.method)
        except HTTPException:
            return response
        operation, described = operations(self.application)[endpoint], api_document()
        answers = described["paths"][path_of(operation)][operation.method.lower()]["responses"]
        assert str(response.status_code) in answers, f"{operation.name}: {response.status_code} is not declared"
        if response.status_code == 422:
            assert response.json["faults"], f"{operation.name}: {response.json['detail']} has no place"
        content = resolved(answers[str(response.status_code)]).get("content", {}).get(response.mimetype)
        if response.is_json and content:
            schema = {**content["schema"], "components": described["components"]}
            Draft202012Validator(schema).validate(response.json)
        return response


@cache
def api_document() -> dict[str, Any]:
    return json.loads(openapi_file.text())


def resolved(value: dict[str, Any]) -> dict[str, Any]:
    """The part of the document that a reference names; any other value itself."""
    reference = value.get("$ref")
    return reduce(getitem, reference.split("/")[1:], api_document()) if reference else value


@pytest.fixture(autouse=True)
def checked_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    # Before threads of the test ask for it.
    api_document()
    monkeypatch.setattr(Flask, "test_client_class", CheckedClient)


@pytest.fixture
def client(connection, settings) -> FlaskClient:
    return create_app(settings).test_client()
