"""The results of one chunk's items: rows to write, failures to record, bytes and seconds to count."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from shared.catalogue.interface import UNKNOWN, Picture, Row, Vector
from shared.domain.items import Failure, Item, Outcome, Stage
from shared.errors import ItemError
from shared.ledger.ingest import Claim
from worker.ingest.existing import StoredPhoto
from worker.model.batcher import Encoded

# Of a content hash: two of a billion different pictures are taken for the same with a probability of 3 %.
_PICTURE_BYTES = 8


@dataclass
class SeenPicture:
    """What to store of a picture. Set when it is decoded, which is before its vector is there."""

    picture: Picture = UNKNOWN


@dataclass(frozen=True)
class DownloadedImage:
    """An image that was downloaded. `encoded` is its pending vector; None if the stored vector is kept.

    `content_hash` is the SHA-256 of its `size` bytes; `url` is the one to store, with what was `seen` of the picture.
    """

    url: str
    content_hash: bytes
    size: int
    download_seconds: float
    encoded: "Future[Encoded] | None"
    seen: SeenPicture


@dataclass(frozen=True)
class ChunkResult:
    """`busy_seconds` is the time that each stage spent on the chunk's items, summed over its threads. `pictures` tells
    equal contents, by id."""

    stored: int
    unchanged: int
    rows: Sequence[Row]
    failures: Sequence[Failure]
    bytes: int
    busy_seconds: Mapping[Stage, float]
    pictures: Mapping[str, str]

    def outcome(self, write_seconds: float, threads: Mapping[Stage, int]) -> Outcome:
        """The counts for the ledger. A stage's wall time is its busy time divided by its number of threads."""
        busy: dict[Stage, float] = {**self.busy_seconds, "write": write_seconds}
        seconds = {stage: spent / threads[stage] for stage, spent in busy.items()}
        return Outcome(self.stored, self.unchanged, self.failures, self.bytes, seconds, self.pictures)


def collect(
    claim: Claim, existing: Mapping[str, StoredPhoto], images: Sequence["Future[DownloadedImage]"]
) -> ChunkResult:
    """Wait until each image of a chunk is encoded or has failed. `images` are in the order of the chunk's items.

    Raises UnavailableError if Redis, the catalogue or the model is unavailable.
    """
    unchanged = size = 0
    busy: dict[Stage, float] = {"fetch": 0.0, "decode": 0.0, "encode": 0.0}
    rows: list[Row] = []
    pictures: dict[str, str] = {}
    failures: list[Failure] = []
    for item, future in zip(claim.items, images, strict=True):
        try:
            image = future.result()
            encoded = image.encoded.result() if image.encoded else None
        except ItemError as error:
            busy["fetch"] += error.tried_seconds
            failures.append(Failure(item, error.code, str(error), error.attempts, error.host))
            continue
        busy["fetch"] += image.download_seconds
        size += image.size
        pictures[item.id] = image.content_hash[:_PICTURE_BYTES].hex()
        if encoded:
            busy["decode"] += encoded.prepare_seconds
            busy["encode"] += encoded.seconds
            rows.append(_row(claim, item, image, encoded.vector))
            continue
        photo = existing[item.id]
        unchanged += photo.is_unchanged
        if photo.embedding is not None:
            rows.append(_row(claim, item, image, photo.embedding))
    stored = len(claim.items) - unchanged - len(failures)
    return ChunkResult(stored, unchanged, rows, failures, size, busy, pictures)


def _row(claim: Claim, item: Item, image: DownloadedImage, vector: Vector) -> Row:
    picture = image.seen.picture
    return Row(item.id, image.url, vector, image.content_hash, item.attributes, claim.version, picture)
