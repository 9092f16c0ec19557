"""Drives a flow from one effect to the next, for both transports."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic, TypeVar

from lichtbild.core.effects import Effect, Emit

T = TypeVar("T")


class Steps(Generic[T]):
    """`effect` is what the flow asks for now, None once it has ended; then `value` is what it returned."""

    value: T

    def __init__(self, flow: Generator[Effect | Emit[Any], Any, T]) -> None:
        self._flow = flow
        self.effect: Effect | Emit[Any] | None = None
        self.answer(None)

    def answer(self, result: object) -> None:
        """Give the flow the result of its effect. Raises what the flow raises."""
        try:
            self.effect = self._flow.send(result)
        except StopIteration as end:
            self.effect, self.value = None, end.value

    def fail(self, error: Exception) -> None:
        """Raise the error of its effect inside the flow. Raises what the flow raises."""
        try:
            self.effect = self._flow.throw(error)
        except StopIteration as end:
            self.effect, self.value = None, end.value
