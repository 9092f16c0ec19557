"""A sender, a receiver, and jobs with a callback; the test ends them in a worker's place."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest

from shared.addresses.address_policy import AddressPolicy
from shared.addresses.web_url import parse_web_url
from shared.domain.callback import Callback
from shared.domain.items import Item, Outcome
from shared.ledger.deliveries import DeliveryLedger
from shared.settings import Settings
from shared.webhook_signing import WebhookSigner
from tests import due_webhooks
from tests.webhook_receiver import SECRET, Receiver, receiving
from worker.fetch.connections import Dialler
from worker.webhooks.poster import Poster
from worker.webhooks.sender import WebhookSender

API = "https://photos.example.org"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhook_secret": Settings(webhook_secret=SECRET).webhook_secret})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def deliveries(connection, settings) -> DeliveryLedger:
    return DeliveryLedger(connection, settings)


@pytest.fixture
def sender(deliveries, settings) -> WebhookSender:
    poster = Poster(Dialler(AddressPolicy(settings.fetch_allow)), seconds=5.0)
    return WebhookSender(deliveries, poster, WebhookSigner.from_settings(settings))


def callback(url: str, *events: str) -> Callback:
    made = Callback(url, str(parse_web_url(url).origin), api=API)
    return replace(made, events=events) if events else made


@pytest.fixture
def submit(ingests, receiver) -> Callable[..., str]:
    """Submit an ingest of two chunks of one item; return its id."""

    def submit(*events: str, url: str = "", **options) -> str:
        with ingests.submission("photos") as staged:
            for name in "ab":
                staged.stage([Item(name, f"http://h/{name}", {})])
            return staged.submit(callback=callback(url or receiver.url, *events), **options)

    return submit


@pytest.fixture
def finish(ingests) -> Callable[[], None]:
    """Settle all chunks that wait."""

    def finish() -> None:
        while claim := ingests.claim():
            assert ingests.settle(claim, Outcome(len(claim.items), 0, [], 10, {}))

    return finish


@pytest.fixture
def let_time_pass(connection) -> Callable[[], None]:
    return partial(due_webhooks.let_time_pass, connection)
