from collections.abc import Iterator

import pytest

from lichtbild import Client
from lichtbild.transport import Transport
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
    """The client's pauses between attempts, recorded instead of slept."""
    noted: list[float] = []
    monkeypatch.setattr(Transport, "sleep", lambda _transport, seconds: noted.append(seconds))
    return noted
