"""Reads the items of an ingest from the request stream, one by one: JSON, NDJSON, CSV, TSV."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import ijson
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

from api.http.validation import body_faults, first_fault
from api.intake.fields import ImageUrl, PhotoId
from shared.domain.items import MAX_ATTRIBUTES_BYTES, Item
from shared.errors import InvalidRequestError, MalformedError, UnsupportedTypeError

MAX_LINE_BYTES = 1024 * 1024


class ItemBody(BaseModel):
    """One item as a client writes it; `id` and `photo_image_url` are aliases of `photo_id` and `url`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    photo_id: PhotoId = Field(validation_alias=AliasChoices("photo_id", "id"))
    url: ImageUrl = Field(validation_alias=AliasChoices("url", "photo_image_url"))
    attributes: dict[str, JsonValue] = Field(default_factory=dict)

    @field_validator("attributes")
    @classmethod
    def _attributes(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        # The parser accepts NaN and infinity, which are not JSON: dumps raises ValueError for them.
        if value and len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode()) > MAX_ATTRIBUTES_BYTES:
            raise ValueError(f"must be at most {MAX_ATTRIBUTES_BYTES} bytes as JSON")
        return value


_EXAMPLE: Any = {"photo_id": "beach-1", "url": "https://example.org/1.jpg", "attributes": {"place": "Sylt"}}


class ListBody(BaseModel):
    """A JSON list of items. It is read as a stream, one item at a time."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_EXAMPLE]}]})

    items: list[ItemBody]


def read_manifest(stream: BinaryIO, media_type: str) -> Iterator[Item]:
    """Yield the items of a body.

    Raises UnsupportedTypeError, MalformedError, or InvalidRequestError; the message names the line or index.
    """
    readers: Mapping[str, Callable[[BinaryIO], Iterator[Item]]] = {
        "application/json": _read_json,
        "application/x-ndjson": _read_ndjson,
        "text/csv": lambda body: _read_table(body, ","),
        "text/tab-separated-values": lambda body: _read_table(body, "\t"),
    }
    if media_type not in readers:
        raise UnsupportedTypeError(f"Content-Type must be one of {', '.join(readers)}, not {media_type or 'missing'}.")
    return readers[media_type](stream)


def _read_json(stream: BinaryIO) -> Iterator[Item]:
    try:
        for index, value in enumerate(ijson.items(stream, "items.item", use_float=True)):
            yield _item(lambda: ItemBody.model_validate(value), f"items[{index}]", f"/items/{index}")  # noqa: B023
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise MalformedError(f"The body is not valid JSON: {str(error).splitlines()[0]}") from error


def _read_ndjson(stream: BinaryIO) -> Iterator[Item]:
    index = 0
    for number, line in enumerate(_lines(stream), start=1):
        if line.strip():
            yield _item(lambda: ItemBody.model_validate_json(line), f"line {number} (item {index})", f"/{index}")  # noqa: B023
            index += 1


def _read_table(stream: BinaryIO, delimiter: str) -> Iterator[Item]:
    reader = csv.reader(_lines(stream), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        id_column = _column(header, "photo_id", "id")
        url_column = _column(header, "url", "photo_image_url")
        index = 0
        for row in reader:
            if not row:
                continue
            place = f"line {reader.line_num} (item {index})"
            if len(row) != len(header):
                raise MalformedError(f"{place}: has {len(row)} fields, the header has {len(header)}.")
            values: dict[str, Any] = {"photo_id": row[id_column], "url": row[url_column]}
            values["attributes"] = {
                name: value
                for n, (name, value) in enumerate(zip(header, row, strict=True))
                # An empty cell is no attribute: tables have many.
                if value and n not in (id_column, url_column)
            }
            yield _item(lambda: ItemBody.model_validate(values), place, f"/{index}")  # noqa: B023
            index += 1
    except csv.Error as error:
        raise MalformedError(f"line {reader.line_num}: {error}.") from error


def _column(header: list[str], *names: str) -> int:
    for name in names:
        if name in header:
            return header.index(name)
    raise InvalidRequestError(f"line 1: the header row has no column {' or '.join(repr(name) for name in names)}.")


def _lines(stream: BinaryIO) -> Iterator[str]:
    """Decode line by line. A line over the limit is rejected without being held in memory."""
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise InvalidRequestError(f"line {number} is longer than {MAX_LINE_BYTES} bytes.")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise MalformedError(f"line {number} is not UTF-8.") from error


def _item(validate: Callable[[], ItemBody], place: str, pointer: str) -> Item:
    try:
        body = validate()
    except ValidationError as error:
        fault = first_fault(error)
        if fault.is_syntax:
            raise MalformedError(f"{place}: {fault.message}.") from None
        field = {"id": "photo_id", "photo_image_url": "url"}.get(fault.field, fault.field) or "item"
        raise InvalidRequestError(f"{place}: {field}: {fault.message}.", body_faults(error, pointer)) from None
    return Item(body.photo_id, body.url, body.attributes)
