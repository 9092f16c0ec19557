"""JSON schemas in words: `list of Hit`, `integer, 1 to 1000`, `text or null`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

Schema = Mapping[str, Any]

_WORDS = {"string": "text", "number": "number", "integer": "integer", "boolean": "true or false", "null": "null"}
_FORMATS = {"date-time": "time (RFC 3339)", "binary": "file", "uri": "URL", "uri-reference": "URL"}


def kind(schema: Schema) -> Markup:
    """The type of a value, with links to the schemas that it names."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    if "const" in schema:
        return _code(schema["const"])
    if "enum" in schema:
        return _either([_code(value) for value in schema["enum"]])
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return _either([kind(choice) for choice in choices])
    if schema.get("type") == "array":
        return Markup("list of ") + kind(schema.get("items", {})) + _counted(schema)
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return Markup("object") + (Markup(" of ") + kind(values) if isinstance(values, Mapping) and values else "")
    word = _FORMATS.get(schema.get("format", ""), _WORDS.get(schema.get("type", ""), "any JSON"))
    return escape(word) + _limits(schema)


def _either(choices: Sequence[Markup]) -> Markup:
    if len(choices) < 2:
        return Markup("").join(choices)
    return Markup(", ").join(choices[:-1]) + Markup(" or ") + choices[-1]


def _code(value: Any) -> Markup:
    return Markup("<code>{}</code>").format(value if isinstance(value, str) else json.dumps(value))


def _counted(schema: Schema) -> Markup:
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least is None and most is None:
        return Markup("")
    return Markup(" (at least {})").format(least) if most is None else Markup(" ({} to {})").format(least or 0, most)


def _limits(schema: Schema) -> Markup:
    """The range of a number, or the longest text."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return Markup(", {} to {}").format(low, high)
    texts = (
        ("from {}", low),
        ("more than {}", schema.get("exclusiveMinimum")),
        ("up to {}", high),
        ("less than {}", schema.get("exclusiveMaximum")),
        ("up to {} characters", schema.get("maxLength")),
    )
    return escape("".join(f", {text.format(value)}" for text, value in texts if value is not None))
