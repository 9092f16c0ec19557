"""What in a newer OpenAPI document breaks the clients of an older one.

Nothing that a client sends may be removed, narrowed or newly required; nothing that it reads may be removed or become
optional or wider. New paths, optional parameters and fields of answers break nobody.

`python -m tests.breaking_changes OLDER NEWER` prints the changes and exits with 1 if there are any.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

Described = Mapping[str, Any]
# Keywords that narrow a value, and whether a larger number is narrower.
_LIMITS = {
    "minimum": True, "exclusiveMinimum": True, "minLength": True, "minItems": True,
    "maximum": False, "exclusiveMaximum": False, "maxLength": False, "maxItems": False,
}  # fmt: skip


def breaking_changes(older: Described, newer: Described) -> list[str]:
    """One sentence for each change that breaks clients."""
    return list(dict.fromkeys(_Comparison(older, newer).changes()))


class _Comparison:
    """Walks through two documents at the same time."""

    def __init__(self, older: Described, newer: Described) -> None:
        self._older, self._newer = older, newer
        self._compared: set[tuple[str, str, bool]] = set()

    def changes(self) -> Iterator[str]:
        for path, methods in self._older["paths"].items():
            for method, operation in methods.items():
                place = f"{method.upper()} {path}"
                if method not in self._newer["paths"].get(path, {}):
                    yield f"{place} is removed"
                    continue
                now = self._newer["paths"][path][method]
                if operation["operationId"] != now["operationId"]:
                    yield f"{place} has another operationId"
                yield from self._parameters(place, operation, now)
                yield from self._body(place, operation.get("requestBody"), now.get("requestBody"))
                yield from self._answers(place, operation["responses"], now["responses"])

    def _parameters(self, place: str, before: Described, now: Described) -> Iterator[str]:
        known = {(one["in"], one["name"]): one for one in map(self._old, before.get("parameters", ()))}
        found = {(one["in"], one["name"]): one for one in map(self._new, now.get("parameters", ()))}
        for key, parameter in known.items():
            where = f"{place}: {key[0]} parameter `{key[1]}`"
            if key not in found:
                yield f"{where} is removed"
            else:
                yield from self._value(where, parameter["schema"], found[key]["schema"], sent=True)
        for key, parameter in found.items():
            if parameter.get("required") and not known.get(key, {}).get("required"):
                yield f"{place}: {key[0]} parameter `{key[1]}` is newly required"

    def _body(self, place: str, before: Described | None, now: Described | None) -> Iterator[str]:
        if now and now.get("required") and not (before and before.get("required")):
            yield f"{place}: a body is newly required"
        for media, content in (before or {}).get("content", {}).items():
            if media not in (now or {}).get("content", {}):
                yield f"{place}: a body of {media} is no longer read"
            else:
                yield from self._value(
                    f"{place}: {media}", content["schema"], now["content"][media]["schema"], sent=True
                )

    def _answers(self, place: str, before: Described, now: Described) -> Iterator[str]:
        for status, answer in before.items():
            if status not in now:
                # A problem that no longer occurs breaks nobody.
                if status < "400":
                    yield f"{place}: status {status} is removed"
                continue
            old, new = self._old(answer), self._new(now[status])
            for name in old.get("headers", {}).keys() - new.get("headers", {}).keys():
                yield f"{place}: header {name} of status {status} is removed"
            for media, content in old.get("content", {}).items():
                if media not in new.get("content", {}):
                    yield f"{place}: status {status} no longer has {media}"
                else:
                    where = f"{place}: {status} {media}"
                    yield from self._value(where, content["schema"], new["content"][media]["schema"], sent=False)

    def _value(self, place: str, before: Described, now: Described, *, sent: bool) -> Iterator[str]:
        """Changes of a value that clients send, or read."""
        if "$ref" in before and "$ref" in now:
            key = (before["$ref"], now["$ref"], sent)
            if key in self._compared:
                return
            self._compared.add(key)
            place = f"{before['$ref'].rpartition('/')[2]} as {'sent' if sent else 'read'}"
        before, now = self._old(before), self._new(now)
        if _kind(before) != _kind(now):
            yield f"{place} is {_kind(now)}, was {_kind(before)}"
        yield from self._fields(place, before, now, sent=sent)
        if "items" in before and "items" in now:
            yield from self._value(f"{place}[]", before["items"], now["items"], sent=sent)
        if sent:
            yield from _narrowed(place, before, now)

    def _fields(self, place: str, before: Described, now: Described, *, sent: bool) -> Iterator[str]:
        required, required_now = set(before.get("required", ())), set(now.get("required", ()))
        for name, field in before.get("properties", {}).items():
            if name not in now.get("properties", {}):
                yield f"{place}.{name} is removed"
                continue
            if not sent and name in required - required_now:
                yield f"{place}.{name} may be absent"
            yield from self._choices(f"{place}.{name}", field, now["properties"][name], sent=sent)
        for name in sorted(required_now - required) if sent else ():
            yield f"{place}.{name} is newly required"

    def _choices(self, place: str, before: Described, now: Described, *, sent: bool) -> Iterator[str]:
        """Each alternative is compared with the one of the same kind."""
        found = {_kind(choice): choice for choice in now.get("anyOf", [now])}
        known = {_kind(choice): choice for choice in before.get("anyOf", [before])}
        for kind in sorted((known.keys() - found.keys()) if sent else (found.keys() - known.keys())):
            yield f"{place} {'no longer takes' if sent else 'may be'} {kind}"
        for kind in known.keys() & found.keys():
            yield from self._value(place, known[kind], found[kind], sent=sent)

    def _old(self, part: Described) -> Described:
        return _resolved(self._older, part)

    def _new(self, part: Described) -> Described:
        return _resolved(self._newer, part)


def _resolved(document: Described, part: Described) -> Described:
    reference = part.get("$ref")
    return reduce(getitem, reference.split("/")[1:], document) if reference else part


def _kind(schema: Described) -> str:
    return str(schema.get("$ref") or schema.get("type") or ("const" if "const" in schema else "any"))


def _narrowed(place: str, before: Described, now: Described) -> Iterator[str]:
    gone = [value for value in _values(before) if value not in _values(now)] if _values(now) else []
    for value in gone:
        yield f"{place} no longer takes {value!r}"
    if not _values(before) and _values(now):
        yield f"{place} takes certain values only"
    if "pattern" in now and before.get("pattern") != now["pattern"]:
        yield f"{place} has another pattern"
    if (
        now.get("additionalProperties") is False
        and before.get("additionalProperties") is not False
        and "properties" in now
    ):
        yield f"{place} no longer takes other fields"
    for word, larger_is_narrower in _LIMITS.items():
        limit, old = now.get(word), before.get(word)
        if limit is not None and (old is None or (limit > old if larger_is_narrower else limit < old)):
            yield f"{place}: {word} is {limit}, was {old}"


def _values(schema: Described) -> list[Any]:
    return [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else [])]


if __name__ == "__main__":
    found = breaking_changes(*(json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:3]))
    sys.stdout.writelines(f"{change}\n" for change in found)
    sys.exit(bool(found))
