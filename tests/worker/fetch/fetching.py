"""A fetcher that may reach loopback and tries once, for tests against local servers."""

from typing import Any

import pytest

from shared.addresses.address_policy import AddressPolicy
from shared.errors import ItemError
from shared.settings import Settings
from worker.fetch.fetcher import Fetcher
from worker.fetch.host_limits import HostPolicy


def fetcher(**settings: Any) -> Fetcher:
    """Settings may be overridden."""
    made = Settings(**{"fetch_allow": ("127.0.0.0/8",), "fetch_attempts": 1, "fetch_timeout_seconds": 20, **settings})
    return Fetcher(made, AddressPolicy(made.fetch_allow), edge=32, host_policy=HostPolicy(backoff=0.001))


def failure_of(url: str, **settings: Any) -> ItemError:
    """The error with which this download ends."""
    with pytest.raises(ItemError) as failure:
        fetcher(**settings).fetch(url)
    return failure.value
