from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lichtbild import Client
from lichtbild.transports.asynchronous import AsyncTransport
from lichtbild.transports.blocking import BlockingTransport
from tests.lichtbild.fake_api import FakeApi, running_fake_api
from tests.lichtbild.in_a_loop import InALoop

Connect = Callable[..., Client]


@pytest.fixture(autouse=True)
def config_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config of whoever runs the tests does not count."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config-home"))
    return tmp_path / "config-home"


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with running_fake_api() as fake:
        yield fake


@pytest.fixture(params=["Client", "AsyncClient"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Makes a client of either kind; both have the same suite."""
    with ExitStack() as connected:

        def connect(*arguments: Any, **options: Any) -> Any:
            kind = Client if request.param == "Client" else InALoop
            return connected.enter_context(kind(*arguments, **options))

        yield connect


@pytest.fixture
def client(api: FakeApi, connect: Connect) -> Client:
    return connect(api.url, timeout=10, patience=10)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clients' pauses between attempts, recorded instead of slept."""
    noted: list[float] = []

    async def note(_transport: AsyncTransport, seconds: float) -> None:
        noted.append(seconds)

    monkeypatch.setattr(BlockingTransport, "sleep", lambda _transport, seconds: noted.append(seconds))
    monkeypatch.setattr(AsyncTransport, "sleep", note)
    return noted
