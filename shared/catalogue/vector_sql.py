"""Query vectors and cosine distances as SQL, and the settings of scans, by what a server supports."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.catalogue.interface import Vector

# The name that `distance` reads: the column of vectors.
_COLUMN = "photo_embed"
# With a skip index, FINAL would return rows that have been replaced.
NO_INDEX: Mapping[str, Any] = {"use_skip_indexes": 0}
# An engine reads tables of less than 163,840 rows with one thread, unless these are low.
_ON_ALL_CORES: Mapping[str, Any] = {
    "merge_tree_min_rows_for_concurrent_read": 1,
    "merge_tree_min_bytes_for_concurrent_read": 1,
}


@dataclass(frozen=True, slots=True)
class VectorSql:
    """`binary`: the server reads vectors from bytes and has the dot product of arrays. `cache_bytes`: the size of its
    cache for uncompressed blocks, 0 if it has none."""

    binary: bool = False
    cache_bytes: int = 0

    def literal(self, vector: Vector) -> str:
        """A query vector as SQL of type Array(Float32).

        It is part of the text and not a parameter: the driver encodes parameters letter by letter, 2 ms for each
        vector. In base64, 512 numbers are 2.7 kB, as text 11 kB, which the server parses in 1.3 ms.
        """
        if not self.binary:
            return f"CAST({text_literal(vector)}, 'Array(Float32)')"
        encoded = base64.b64encode(vector.astype("<f4", copy=False).tobytes()).decode()
        return f"reinterpret(base64Decode('{encoded}'), 'Array(Float32)')"

    def distance(self, vector: Vector) -> str:
        """The cosine distance of a row to a unit vector, as SQL. Stored vectors have length 1, too, so that the dot
        product is the cosine; it takes half of the time of `cosineDistance`."""
        if self.binary:
            return f"1 - dotProduct({_COLUMN}, {self.literal(vector)})"
        return f"cosineDistance({_COLUMN}, {self.literal(vector)})"

    @property
    def scan_settings(self) -> Mapping[str, Any]:
        """The settings of a statement that reads many vectors.

        From the cache of uncompressed blocks, a vector costs one copy in place of a copy, a checksum and a copy. A scan
        that would not fit into it would only displace its blocks, and bypasses it.
        """
        cached = {"use_uncompressed_cache": 1, "merge_tree_max_bytes_to_use_cache": self.cache_bytes}
        return {**NO_INDEX, **_ON_ALL_CORES, **(cached if self.cache_bytes else {})}


def text_literal(vector: Vector) -> str:
    """The vector as an array of numbers, each with a point or an exponent: whole numbers would be Array(UInt64)."""
    return f"[{', '.join(repr(float(value)) for value in vector)}]"
