"""Readiness probes: each returns a bool within a short timeout and raises nothing."""

from __future__ import annotations

import urllib.error
import urllib.request

import redis

_SECONDS = 2.0


def redis_answers(url: str) -> bool:
    """Whether PING with the password succeeds; False while Redis loads its append-only file."""
    try:
        with _redis(url) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def redis_has(url: str, key: str) -> bool:
    """Whether the key exists; False if Redis does not answer."""
    try:
        with _redis(url) as client:
            return bool(client.exists(key))
    except redis.RedisError:
        return False


def delete_key(url: str, key: str) -> None:
    """Delete a key that an earlier process left, so that it is not taken for the new process's."""
    try:
        with _redis(url) as client:
            client.delete(key)
    except redis.RedisError:
        pass  # Redis does not answer, so the key is not read, and it expires


def http_answers(url: str) -> bool:
    """Whether a GET returns 200. Proxies of the environment are not used: the address is on loopback."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_SECONDS) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _redis(url: str) -> redis.Redis:
    client: redis.Redis = redis.Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
    return client
