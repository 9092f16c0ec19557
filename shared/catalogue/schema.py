"""The table of a collection, as far as all engines share it: its columns, and its comment, which names the model."""

import json
from collections.abc import Mapping
from typing import Any

from shared.catalogue.interface import Collection
from shared.errors import NewerSchemaError

# The columns of an INSERT. `stored_at` is set by the server.
COLUMNS = {
    "photo_id": "String",
    "photo_image_url": "String",
    "photo_embed": "Array(Float32)",
    "content_hash": "String",
    "attributes": "String",
    "version": "UInt64",
    "deleted": "UInt8",
}
# What is known of the picture itself. Tables of before have these columns only after a worker that may add them was
# there, and older Lichtbilds write rows without them: such a photo has size 0 and no thumbnail.
PICTURE_COLUMNS = {"width": "UInt32", "height": "UInt32", "thumbnail": "String"}
# Reads the columns of `PICTURE_COLUMNS` that the table has, which is all or none, in their order.
PICTURE = f"COLUMNS('^({'|'.join(PICTURE_COLUMNS)})$')"
# Schema 1 had larger granules and is otherwise the same: such tables are used as they are, and are slower.
SCHEMA = 2
_COMMENT_KIND = "lichtbild"
# Rows per granule, the unit of reading. A lookup by id reads 0.5 MB of vectors; with the engines' default of 8192 rows
# it reads 10 MB or more.
GRANULE_ROWS = 256


def create_table(name: str, dimension: int, comment: str, engine: str, settings: str = "") -> str:
    """The CREATE TABLE statement. `comment` is unquoted text, `settings` are more `name = value` pairs."""
    return (
        f"CREATE TABLE IF NOT EXISTS `{name}` ("
        " photo_id String,"
        " photo_image_url String CODEC(ZSTD),"
        " photo_embed Array(Float32) CODEC(NONE),"
        " content_hash String,"
        " attributes String CODEC(ZSTD),"
        " width UInt32,"
        " height UInt32,"
        " thumbnail String CODEC(ZSTD),"
        " stored_at DateTime64(3, 'UTC') DEFAULT now64(3),"
        " version UInt64,"
        " deleted UInt8,"
        # MyScale accepts neither an index nor a search on a column without this constraint.
        f" CONSTRAINT vector_len CHECK length(photo_embed) = {int(dimension)}"
        f") ENGINE = {engine} ORDER BY photo_id"
        f" SETTINGS index_granularity = {GRANULE_ROWS}{settings and ', '}{settings} COMMENT {_quote(comment)}"
    )


def add_picture_columns(name: str) -> str:
    """The statement that adds `PICTURE_COLUMNS` to a table of before. It reads and writes no rows."""
    columns = ", ".join(f"ADD COLUMN IF NOT EXISTS {column} {kind}" for column, kind in PICTURE_COLUMNS.items())
    return f"ALTER TABLE `{name}` {columns}"


def write_comment(model: str, dimension: int) -> str:
    """The comment of a new table of this model."""
    return json.dumps({"kind": _COMMENT_KIND, "schema": SCHEMA, "model": model, "dimension": dimension})


def read_comment(comment: str) -> dict[str, Any] | None:
    """The facts in a table's comment; None if the table is not a collection."""
    try:
        facts = json.loads(comment)
    except ValueError:
        return None
    return facts if isinstance(facts, dict) and facts.get("kind") == _COMMENT_KIND else None


def is_newer(facts: Mapping[str, Any]) -> bool:
    """Whether a newer Lichtbild created the table."""
    return bool(facts["schema"] > SCHEMA)


def collection(name: str, facts: Mapping[str, Any]) -> Collection:
    """The collection with these facts. Raises NewerSchemaError if a newer Lichtbild created its table."""
    if is_newer(facts):
        raise NewerSchemaError(
            f"Collection {name!r} was created by a newer Lichtbild (schema {facts['schema']}; this version supports "
            f"{SCHEMA}). Update this process, or use another collection."
        )
    return Collection(name, facts["model"], facts["dimension"])


def _quote(text: str) -> str:
    """A string literal: DDL takes no parameters."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
