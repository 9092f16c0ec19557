"""What the catalogue holds of a chunk's items already, and what is left to do if their images have not changed."""

from dataclasses import dataclass

from shared.catalogue.interface import Catalogue, Known, Vector
from shared.domain.items import Item
from shared.ledger.ingest import Claim
from shared.uploads.spool import is_upload
from worker.ingest.image_sources import stored_url


@dataclass(frozen=True)
class StoredPhoto:
    """A photo that is stored under an item's id. If the item's image still has this hash, it need not be embedded:
    the item counts as `unchanged` or as stored, and with an `embedding` its row is written again around it.
    `url` is what is stored with it then.
    """

    content_hash: bytes
    url: str
    is_unchanged: bool
    embedding: Vector | None


def look_up(catalogue: Catalogue, claim: Claim) -> dict[str, StoredPhoto]:
    """What is held under the ids of a chunk. A preflight stores nothing and so tries everything."""
    if claim.preflight:
        return {}
    known = catalogue.known(claim.collection, [item.id for item in claim.items])
    # What would be stored as an item's URL if its image is the one that is known.
    urls = {
        item.id: stored_url(item, claim.collection, known[item.id].content_hash)
        for item in claim.items
        if item.id in known
    }
    items = [item for item in claim.items if item.id in known and _is_there(item, urls[item.id], known[item.id])]
    same = {item.id: _is_same(item, urls[item.id], known[item.id]) for item in items}
    again = [item.id for item in items if _needs_row(known[item.id], claim, is_same=same[item.id])]
    embeddings = catalogue.embeddings(claim.collection, again)
    # One that was deleted between the two questions is no longer held.
    gone = set(again) - embeddings.keys()
    return {
        item.id: StoredPhoto(
            content_hash=known[item.id].content_hash,
            url=urls[item.id],
            # With this submission's own version it was stored by a worker that was lost before it could say so.
            is_unchanged=same[item.id] and known[item.id].version != claim.version,
            embedding=embeddings.get(item.id),
        )
        for item in items
        if item.id not in gone
    }


def _is_there(item: Item, url: str, known: Known) -> bool:
    """Whether all that a row needs is there if the image is the same: an upload's thumbnail is made from its image."""
    return not is_upload(item.url) or url == known.url


def _is_same(item: Item, url: str, known: Known) -> bool:
    return (url, item.attributes) == (known.url, known.attributes)


def _needs_row(known: Known, claim: Claim, *, is_same: bool) -> bool:
    """Whether a row must be written though the image is the same: for a new URL or attributes, or to outrank an older
    submission that may still write."""
    if known.version > claim.version:
        return False
    return not is_same or (claim.contested and known.version < claim.version)
