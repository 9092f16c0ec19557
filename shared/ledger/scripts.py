"""The ledger's Lua scripts, loaded by name from `lua/`."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import redis

from shared.ledger import keys


class Script(Protocol):
    """A registered script: one atomic step in Redis."""

    def __call__(self, keys: list[str], args: list[Any]) -> Any: ...


@cache
def _source(name: str) -> str:
    """The text of `lua/NAME.lua`, with the file OTHER in place of a line `-- include OTHER`: Redis has no modules."""
    text = (Path(__file__).parent / "lua" / f"{name}.lua").read_text(encoding="utf-8")
    return re.sub(r"^-- include (\w+)$", lambda found: _source(found[1]), text, flags=re.MULTILINE)


def script(connection: "redis.Redis", name: str) -> Script:
    """Register `lua/NAME.lua`; Redis loads it on the first call and again after a restart."""
    registered: Script = connection.register_script(_source(name))
    return registered


def finish(connection: "redis.Redis") -> "Finish":
    """The step that ends a job, which all ledgers use."""
    return Finish(script(connection, "finish"))


class Finish:
    """End a job in a final state, once."""

    def __init__(self, run: Script) -> None:
        self._run = run

    def __call__(
        self, job_id: str, status: str, *, field: str = "", value: str = "", retention: int, images: int = 0
    ) -> str | None:
        """Return the status the job had, or None if there is no such job."""
        before = self._run(
            keys=[
                keys.job(job_id),
                keys.chunks(job_id),
                keys.waiting(job_id),
                keys.attempts(job_id),
                keys.failures(job_id),
                keys.ACTIVE,
                keys.SEARCHES,
                keys.commands("delete"),
                keys.commands("index"),
                *(keys.image(job_id, term) for term in range(images)),
            ],
            args=[job_id, status, field, value, retention, keys.CHANGES, keys.PREFIX],
        )
        return before.decode() if before else None
