"""The dialect of stock ClickHouse, and of the embedded server, which is the same engine."""

from shared.catalogue.conditions import Parameters, to_sql
from shared.catalogue.dialect import Nearest, quote
from shared.catalogue.interface import Index
from shared.catalogue.session import Rows, Session


class ClickHouse:
    """Exact scans."""

    # `ReplacingMergeTree(version, deleted)` hides tombstones under FINAL by itself.
    visible = "1"

    def create_table(self, collection: str, dimension: int, comment: str) -> str:
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
            f" CONSTRAINT vector_len CHECK length(photo_embed) = {int(dimension)}"
            f") ENGINE = ReplacingMergeTree(version, deleted) ORDER BY photo_id COMMENT {quote(comment)}"
        )

    def search(self, session: Session, collection: str, wanted: Nearest) -> Rows:
        parameters = Parameters(vector=wanted.vector.tolist(), top_k=wanted.top_k)
        condition = "1" if wanted.where is None else to_sql(wanted.where, parameters)
        return session.rows(
            f"SELECT photo_id, photo_image_url, attributes, photo_embed,"  # noqa: S608
            f" cosineDistance(photo_embed, {{vector:Array(Float32)}}) AS distance"
            f" FROM `{collection}` FINAL WHERE {condition} ORDER BY distance ASC LIMIT {{top_k:UInt32}}",
            parameters,
        )

    def build_index(self, session: Session, collection: str, dimension: int) -> None:
        raise NotImplementedError

    def drop_index(self, session: Session, collection: str) -> None:
        raise NotImplementedError

    def index(self, session: Session, collection: str) -> Index:  # noqa: ARG002
        return Index(None, "none", None)
