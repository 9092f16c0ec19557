"""The API as an app with real Redis and a real catalogue behind it. No worker runs unless a test plays one."""

import pytest
from flask.testing import FlaskClient

from api.app import create_app


@pytest.fixture
def client(connection, settings) -> FlaskClient:
    return create_app(settings).test_client()
