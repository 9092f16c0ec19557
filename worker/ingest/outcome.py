"""What became of the items of one chunk: rows to write, failures to record, bytes and seconds to count."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from shared.catalogue.interface import Row, Vector
from shared.domain.items import Failure, Item, Outcome, Stage
from shared.errors import ItemError
from worker.ingest.existing import StoredPhoto
from worker.model.batcher import Encoded


@dataclass(frozen=True)
class Prepared:
    """An image on its way through the model, or past it, None, if it has not changed. Times in seconds."""

    encoded: "Future[Encoded] | None"
    url: str
    content_hash: bytes
    bytes: int
    fetch_seconds: float


@dataclass
class Tally:
    """`version` is that of the rows. Items that are neither failed nor unchanged are stored."""

    version: int
    items: int = 0
    unchanged: int = 0
    bytes: int = 0
    rows: list[Row] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    busy: dict[Stage, float] = field(default_factory=lambda: {"fetch": 0.0, "decode": 0.0, "encode": 0.0})

    @classmethod
    def of(
        cls, version: int, items: Sequence[Item], held: Mapping[str, StoredPhoto], futures: Sequence["Future[Prepared]"]
    ) -> "Tally":
        """Wait for each item's image. Raises UnavailableError if a part of ours is away."""
        tally = cls(version)
        for item, future in zip(items, futures, strict=True):
            tally.items += 1
            try:
                prepared = future.result()
                encoded = prepared.encoded.result() if prepared.encoded else None
            except ItemError as error:
                tally.busy["fetch"] += error.tried_seconds
                tally.failures.append(Failure(item, error.code, str(error), error.attempts))
            else:
                tally._add(item, prepared, encoded, held.get(item.id))
        return tally

    def _add(self, item: Item, prepared: Prepared, encoded: Encoded | None, held: StoredPhoto | None) -> None:
        self.busy["fetch"] += prepared.fetch_seconds
        self.bytes += prepared.bytes
        embedding: Vector | None = None
        if encoded:
            self.busy["decode"] += encoded.prepare_seconds
            self.busy["encode"] += encoded.seconds
            embedding = encoded.vector
        elif held:
            self.unchanged += held.is_unchanged
            embedding = held.embedding
        if embedding is not None:
            self.rows.append(
                Row(item.id, prepared.url, embedding, prepared.content_hash, item.attributes, self.version)
            )

    def outcome(self, write_seconds: float, lanes: Mapping[Stage, int]) -> Outcome:
        """How the chunk ended. A stage was at work for what its lanes spent, by how many of them there are."""
        busy: dict[Stage, float] = {**self.busy, "write": write_seconds}
        stored = self.items - self.unchanged - len(self.failures)
        seconds = {stage: spent / lanes[stage] for stage, spent in busy.items()}
        return Outcome(stored, self.unchanged, self.failures, self.bytes, seconds)
