"""The rows of a JSON array or of NDJSON: objects with the fields of an item, or with columns like those of a table."""

import io
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from api.http.validation import body_faults, first_fault
from api.intake.lists.columns import ID_NAMES, URL_NAMES, normal_name
from api.intake.lists.json_array import JsonArray
from api.intake.lists.options import ListOptions
from api.intake.lists.row import BadRow, Place, Row
from api.intake.lists.text import Line
from api.intake.lists.values import item_of
from shared.domain.items import MAX_ATTRIBUTES_BYTES, Item
from shared.errors import Fault

_EXTRA_HINT = "Move it into `attributes`, or send `extra_keys=attributes`."


class ItemBody(BaseModel):
    """One item as a client writes it; `id` and `photo_image_url` are aliases of `photo_id` and `url`. The URL is the id
    of an item without one.
    """

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    photo_id: str | None = Field(None, validation_alias=AliasChoices("photo_id", "id"))
    """At most 256 bytes of UTF-8 without control characters; it does not start with `/`, is not `random`, `.` or `..`,
    and occurs once per request (checked for the first million ids). It is stored in Unicode's normal form C."""
    url: str = Field(validation_alias=AliasChoices("url", "photo_image_url"))
    """An http or https URL without user name or password, at most 4,096 bytes."""
    attributes: dict[str, JsonValue] = Field(default_factory=dict)
    """Any JSON, at most 64 KB."""


_EXAMPLE: Any = {"photo_id": "beach-1", "url": "https://example.org/1.jpg", "attributes": {"place": "Sylt"}}


class ListBody(BaseModel):
    """A JSON list of items. It is read as a stream, one item at a time. A bare array of items is accepted, too."""

    model_config = ConfigDict(
        extra="forbid", use_attribute_docstrings=True, json_schema_extra={"examples": [{"items": [_EXAMPLE]}]}
    )

    items: list[ItemBody]
    """The images to ingest."""


def read_json(stream: io.BufferedReader, options: ListOptions) -> Iterator[Row]:
    """Each element of `{"items": […]}`, or of a bare array. Raises as `JsonArray.elements` does."""
    array = JsonArray(stream)
    for index, value in enumerate(array.elements()):
        place = Place(index, array=array.pointer)
        yield Row(place, _found(place, lambda: ItemBody.model_validate(value), lambda: value, options))  # noqa: B023


def read_ndjson(lines: Iterator[Line], options: ListOptions) -> Iterator[Row]:
    """Each line that is not blank."""
    index = 0
    for line in lines:
        text = line.text
        if not line.problem and not text.strip():
            continue
        place = Place(index, line.number)
        index += 1
        if line.problem:
            fault = Fault(line.problem, pointer=place.pointer, line=line.number, hint=line.hint or None)
            yield Row(place, BadRow(place, "bad_row", [fault], is_syntax=line.is_syntax))
        else:
            yield Row(
                place,
                _found(place, lambda: ItemBody.model_validate_json(text), lambda: json.loads(text), options),  # noqa: B023
            )


def _found(
    place: Place, validated: Callable[[], ItemBody], parsed: Callable[[], Any], options: ListOptions
) -> Item | BadRow:
    if options.extra_keys == "attributes" or options.url_column or options.id_column:
        return _flat(place, parsed, options)
    try:
        body = validated()
    except ValidationError as error:
        return _bad(place, error)
    size = MAX_ATTRIBUTES_BYTES if body.attributes else 0
    return item_of(place, body.photo_id, body.url, body.attributes, size, unescape=options.unescape_urls)


def _bad(place: Place, error: ValidationError) -> BadRow:
    faults = [
        replace(fault, line=place.line, column=_field(fault, place), hint=_hint(fault))
        for fault in body_faults(error, place.pointer)
    ]
    is_syntax = first_fault(error).is_syntax
    if is_syntax:
        faults = [replace(fault, column=None) for fault in faults]
    return BadRow(place, "bad_url" if faults[0].column == "url" else "bad_row", faults, is_syntax=is_syntax)


def _field(fault: Fault, place: Place) -> str:
    """The field that a pointer names, in today's names."""
    field = (fault.pointer or "").removeprefix(place.pointer).removeprefix("/").replace("/", ".")
    return {"id": "photo_id", "photo_image_url": "url"}.get(field, field) or "item"


def _hint(fault: Fault) -> str | None:
    return _EXTRA_HINT if fault.message.startswith("Extra inputs") else None


def _flat(place: Place, parsed: Callable[[], Any], options: ListOptions) -> Item | BadRow:
    """An object whose keys are columns, as published lists have them: all but the id and the URL are attributes."""
    try:
        value = parsed()
    except ValueError as error:
        return _wrong(place, None, f"Invalid JSON: {error}", is_syntax=True)
    if not isinstance(value, Mapping):
        return _wrong(place, "item", "must be an object")
    attributes = {str(name): cell for name, cell in value.items() if not _is_missing(cell)}
    url_key = _key(attributes, [options.url_column] if options.url_column else URL_NAMES)
    id_key = _key(attributes, [options.id_column] if options.id_column else ID_NAMES)
    if url_key is None:
        return _wrong(place, "url", f"is missing; the keys are {', '.join(map(repr, list(value)[:20]))}")
    if id_key is None and options.id_column:
        return _wrong(place, options.id_column, "is missing")
    url, photo_id = attributes.pop(url_key), attributes.pop(id_key) if id_key else None
    if not isinstance(url, str):
        return _wrong(place, "url", "must be a string")
    if isinstance(photo_id, int) and not isinstance(photo_id, bool):
        photo_id = str(photo_id)
    if not isinstance(photo_id, str | None):
        return _wrong(place, "photo_id", "must be a string or a whole number")
    nested = attributes.get("attributes")
    if isinstance(nested, Mapping):
        del attributes["attributes"]
        attributes |= nested
    return item_of(place, photo_id, url, attributes, MAX_ATTRIBUTES_BYTES, unescape=options.unescape_urls)


def _key(value: Mapping[str, Any], wanted: tuple[str, ...] | list[str]) -> str | None:
    """The first wanted key: as written, else without regard to case."""
    for name in wanted:
        if name in value:
            return name
    normal = {normal_name(name): name for name in value}
    return next((normal[normal_name(name)] for name in wanted if normal_name(name) in normal), None)


def _is_missing(cell: Any) -> bool:
    """Null, and NaN, which Python writes for missing numbers."""
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def _wrong(place: Place, column: str | None, message: str, *, is_syntax: bool = False) -> BadRow:
    fault = Fault(message, pointer=place.pointer, line=place.line, column=column)
    return BadRow(place, "bad_url" if column == "url" else "bad_row", [fault], is_syntax=is_syntax)
