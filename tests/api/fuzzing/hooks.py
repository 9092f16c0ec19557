"""Hooks of schemathesis, loaded by its command."""

import json
import re
from typing import Any

import schemathesis
from jsonschema import Draft202012Validator

# No request waits longer than a moment for a job to end.
_SECONDS = "0.1"


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Shorten valid waits; invalid ones stay as they are."""
    wait = str((case.query or {}).get("wait", ""))
    if re.fullmatch(r"\d+(\.\d+)?", wait) and float(wait) > float(_SECONDS):
        case.query["wait"] = _SECONDS
    if "wait" in (case.headers or {}).get("Prefer", ""):
        case.headers["Prefer"] = "wait=0"


@schemathesis.serializer("application/x-ndjson", "text/csv", "text/tab-separated-values")
def lines(context: object, value: Any) -> bytes:
    """Streamed texts are sent as they are generated."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@schemathesis.check
def events_are_jobs(context: object, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """Each Server-Sent Event has a job as its data. The document describes the stream as one text."""
    if not response.headers.get("content-type", [""])[0].startswith("text/event-stream"):
        return
    document = case.operation.schema.raw_schema
    job = {"$ref": "#/components/schemas/JobView", "components": document["components"]}
    data = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
    assert data, "the stream has no event"
    for event in data:
        Draft202012Validator(job).validate(json.loads(event))
