"""The table of a collection, in what all engines have in common."""

# Rows that are read together: a row by its id costs half a megabyte of vectors, where the engines' default costs ten.
_GRANULE_ROWS = 256


def create_table(collection: str, dimension: int, comment: str, engine: str, settings: str = "") -> str:
    """The statement; `comment` is unquoted text, `settings` are further `name = value` of the table."""
    return (
        f"CREATE TABLE IF NOT EXISTS `{collection}` ("
        " photo_id String,"
        " photo_image_url String CODEC(ZSTD),"
        " photo_embed Array(Float32) CODEC(NONE),"
        " content_hash String,"
        " attributes String CODEC(ZSTD),"
        " stored_at DateTime64(3, 'UTC') DEFAULT now64(3),"
        " version UInt64,"
        " deleted UInt8,"
        # MyScale refuses an index, and a search, on a column without it.
        f" CONSTRAINT vector_len CHECK length(photo_embed) = {int(dimension)}"
        f") ENGINE = {engine} ORDER BY photo_id"
        f" SETTINGS index_granularity = {_GRANULE_ROWS}{settings and ', '}{settings} COMMENT {_quote(comment)}"
    )


def _quote(text: str) -> str:
    """A string literal, since the statement takes no parameters."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
