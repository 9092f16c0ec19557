"""Asks a running part whether it can serve: one question, one short answer, never an exception."""

from __future__ import annotations

import urllib.error
import urllib.request

import redis

_SECONDS = 2.0


def redis_answers(url: str) -> bool:
    """PING with the password; false while Redis still loads its file."""
    try:
        with _redis(url) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def redis_has(url: str, key: str) -> bool:
    """Whether the key is there."""
    try:
        with _redis(url) as client:
            return bool(client.exists(key))
    except redis.RedisError:
        return False


def forget(url: str, key: str) -> None:
    """Deletes a key, so that what an earlier process left is not mistaken for the new one's."""
    try:
        with _redis(url) as client:
            client.delete(key)
    except redis.RedisError:
        pass  # away: then the key is of no use to anyone either, and it expires by itself


def http_answers(url: str) -> bool:
    """Whether a GET gives 200. Proxies of the environment are not asked: the address is on loopback."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_SECONDS) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _redis(url: str) -> redis.Redis:
    client: redis.Redis = redis.Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
    return client
