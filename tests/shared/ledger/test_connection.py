"""Connections to Redis: one that would lose jobs is refused at the start; an unavailable one fails immediately."""

from collections.abc import Iterator

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from api.services import Services
from shared.errors import ConfigurationError
from shared.ledger.connection import connect, require_no_eviction
from shared.ledger.jobs import Jobs


@pytest.fixture(params=["allkeys-lru", "volatile-ttl"])
def evicting(connection, request) -> Iterator[str]:
    """A Redis that evicts keys when its memory is full."""
    connection.config_set("maxmemory-policy", request.param)
    yield request.param
    connection.config_set("maxmemory-policy", "noeviction")


def test_a_redis_that_evicts_keys_is_refused_with_what_to_set(connection, evicting):
    with pytest.raises(ConfigurationError, match=rf"{evicting}.*maxmemory-policy noeviction"):
        require_no_eviction(connection)


def test_the_api_does_not_start_on_it(settings, evicting):
    with pytest.raises(ConfigurationError, match="evicts"):
        Services.build(settings)


def test_a_redis_that_keeps_its_keys_is_accepted(connection):
    require_no_eviction(connection)


def test_a_redis_that_does_not_answer_is_not_judged(settings):
    away = settings.model_copy(update={"redis_url": type(settings.redis_url)("redis://127.0.0.1:1/0")})
    require_no_eviction(connect(away))


def test_a_redis_that_is_away_is_an_error_at_once(settings):
    away = connect(settings.model_copy(update={"redis_url": type(settings.redis_url)("redis://127.0.0.1:1/0")}))
    with pytest.raises(RedisConnectionError):
        Jobs(away, settings).get("x")
