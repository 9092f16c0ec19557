"""The photos that the catalogue already stores for a chunk's items, and the work left if their images are unchanged."""

from dataclasses import dataclass

from shared.catalogue.interface import Catalogue, Known, Picture, Vector
from shared.domain.items import Item
from shared.ledger.ingest import Claim
from shared.uploads.spool import is_upload
from worker.ingest.image_sources import ImageSources


@dataclass(frozen=True)
class StoredPhoto:
    """A photo that is stored under an item's id.

    An item whose image still has this `content_hash` (SHA-256, 32 bytes) is not encoded. With an `embedding` its row is
    written again around that vector and `url`; without one its row stays. It counts as unchanged if `is_unchanged`,
    else as stored. If it `lacks_thumbnail`, its image is decoded for one; `picture` is what is stored of it so far.
    """

    content_hash: bytes
    url: str
    is_unchanged: bool
    embedding: Vector | None
    picture: Picture
    lacks_thumbnail: bool


def find_existing(catalogue: Catalogue, claim: Claim, sources: ImageSources) -> dict[str, StoredPhoto]:
    """The stored photos of a chunk's items, by id. Empty for a preflight, which tries every image and stores none.

    Raises UnavailableError if the catalogue cannot be reached.
    """
    if claim.preflight:
        return {}
    known = catalogue.known(claim.collection, [item.id for item in claim.items])
    # The URL that each item's row gets if its image is the known one.
    urls = {
        item.id: sources.url(item, claim.collection, known[item.id].content_hash)
        for item in claim.items
        if item.id in known
    }
    items = [item for item in claim.items if item.id in known and _is_complete(item, urls[item.id], known[item.id])]
    same = {item.id: _is_same(item, urls[item.id], known[item.id]) for item in items}
    lacking = {item.id for item in items if sources.has_thumbnail(item) and not known[item.id].picture.thumbnail}
    rewritten = [
        item.id for item in items if _needs_row(known[item.id], claim, is_same=same[item.id] and item.id not in lacking)
    ]
    embeddings = catalogue.embeddings(claim.collection, rewritten)
    # Deleted between the two queries.
    gone = set(rewritten) - embeddings.keys()
    return {
        item.id: StoredPhoto(
            content_hash=known[item.id].content_hash,
            url=urls[item.id],
            # Same version = this submission's row, written by a worker that died before settling: count it as stored.
            is_unchanged=same[item.id] and known[item.id].version != claim.version,
            embedding=embeddings.get(item.id),
            picture=known[item.id].picture,
            lacks_thumbnail=item.id in lacking and item.id in embeddings,
        )
        for item in items
        if item.id not in gone
    }


def _is_complete(item: Item, url: str, known: Known) -> bool:
    """Whether a row can be kept if the image is the same. An upload with another URL has no thumbnail there yet; it is
    made from the decoded image."""
    return not is_upload(item.url) or url == known.url


def _is_same(item: Item, url: str, known: Known) -> bool:
    return (url, item.attributes) == (known.url, known.attributes)


def _needs_row(known: Known, claim: Claim, *, is_same: bool) -> bool:
    """Whether a row must be written although the image is the same: for a new URL, attributes or thumbnail, or to
    outrank an older submission that may still write."""
    if known.version > claim.version:
        return False
    return not is_same or (claim.contested and known.version < claim.version)
