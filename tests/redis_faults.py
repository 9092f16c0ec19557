"""What makes a running Redis refuse commands, forget scripts or drop clients, and back."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

Redis = Any
Fault = Callable[[Redis], AbstractContextManager[None]]


@contextmanager
def read_only(redis: Redis) -> Iterator[None]:
    """A fail-over: the primary becomes the replica of a server that is not there, and unblocks its waiting clients."""
    redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        redis.execute_command("REPLICAOF", "NO", "ONE")


def without_replicas(redis: Redis) -> AbstractContextManager[None]:
    return _configured(redis, "min-replicas-to-write", "1")


def out_of_memory(redis: Redis) -> AbstractContextManager[None]:
    return _configured(redis, "maxmemory", "1")


def scripts_flushed(redis: Redis) -> AbstractContextManager[None]:
    redis.script_flush()
    return nullcontext()


def clients_killed(redis: Redis) -> AbstractContextManager[None]:
    for kind in ("normal", "pubsub"):
        redis.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
    return nullcontext()


@contextmanager
def _configured(redis: Redis, name: str, value: str) -> Iterator[None]:
    before = redis.config_get(name)[name]
    redis.config_set(name, value)
    try:
        yield
    finally:
        redis.config_set(name, before)


REFUSING: tuple[Fault, ...] = (read_only, without_replicas, out_of_memory)
PASSING: tuple[Fault, ...] = (scripts_flushed, clients_killed)
