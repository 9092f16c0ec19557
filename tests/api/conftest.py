"""The API as an app with real Redis and a real catalogue behind it. No worker runs unless a test plays one."""

import logging
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from api.app import create_app


@pytest.fixture
def client(connection, settings) -> FlaskClient:
    return create_app(settings).test_client()


@pytest.fixture(autouse=True)
def declared_statuses(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No route answers with a status that its declaration does not name."""
    with caplog.at_level(logging.ERROR, "api.http.operations"):
        yield
        undeclared = [record.getMessage() for record in caplog.get_records("call") if "undeclared" in record.message]
    assert undeclared == []
