"""Examples as text: bodies, and the command that sends them."""

import json
import shlex
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

Described = Mapping[str, Any]


def text(value: Any) -> str:
    """An example of a body as it is sent: text is as it is, all else is JSON."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def examples(content: Described) -> Iterator[Any]:
    """The values of the examples of one media type; its references are resolved."""
    if "example" in content:
        yield content["example"]
    yield from (example["value"] for example in content.get("examples", {}).values())


def curl(method: str, path: str, operation: Described, address: str) -> str:
    """The command that sends the first example of a request."""
    parameters = operation["parameters"]
    for parameter in parameters:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(str(parameter["example"]), safe=""))
    words = ["curl", *([] if method == "GET" else ["-X", method]), shlex.quote(address + path)]
    for parameter in parameters:
        if parameter["name"] == "Prefer":
            words += ["-H", shlex.quote(f"Prefer: {parameter['example']}")]
    media, content = next(iter(operation.get("requestBody", {}).get("content", {}).items()), ("", {}))
    if media:
        words += ["-H", shlex.quote(f"Content-Type: {media}"), "-d", shlex.quote(text(next(examples(content))))]
    return " ".join(words).replace(" -H ", " \\\n  -H ").replace(" -d ", " \\\n  -d ")


def form(value: Mapping[str, Any], files: Collection[str]) -> str:
    """An example of a form as options of curl. `files` are the names of the file parts."""
    return " \\\n".join(
        f"-F {shlex.quote(f'{name}=@{one}' if name in files else f'{name}={json_text(one)}')}"
        for name, values in value.items()
        for one in (values if isinstance(values, list) and name in files else [values])
    )


def json_text(value: Any) -> str:
    """A form's field: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
