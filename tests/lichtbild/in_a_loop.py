"""AsyncClient behind the methods of Client: each call runs in one event loop, to its end."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

from lichtbild import AsyncClient


class InALoop:
    """Used by the tests of both clients in place of Client."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self._client = AsyncClient(*arguments, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._client.close())
        self._runner.close()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            given = found(*arguments, **options)
            if inspect.isawaitable(given):
                return self._runner.run(_awaited(given))
            return self._each(given)

        return call

    def _each(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        async def following() -> tuple[Any, ...]:
            async for item in items:
                return (item,)
            return ()

        while found := self._runner.run(following()):
            yield found[0]


async def _awaited(given: Any) -> Any:
    return await given
