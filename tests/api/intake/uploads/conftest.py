"""The API with a folder for uploads."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from shared.settings import Settings


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


@pytest.fixture
def with_uploads(settings: Settings, uploads: Path) -> Settings:
    return settings.model_copy(update={"uploads_folder": str(uploads)})


@pytest.fixture
def client(connection, with_uploads) -> FlaskClient:
    return create_app(with_uploads).test_client()
