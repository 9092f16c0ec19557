from collections.abc import Iterator

import pytest

from lichtbild import Client
from lichtbild import client as client_module
from tests.lichtbild.fake_api import FakeApi, running_fake_api


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with running_fake_api() as fake:
        yield fake


@pytest.fixture
def client(api: FakeApi) -> Iterator[Client]:
    with Client(api.url, timeout=10, patience=10) as connected:
        yield connected


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The client's pauses, noted instead of slept."""
    noted: list[float] = []
    monkeypatch.setattr(client_module.time, "sleep", noted.append)
    return noted
