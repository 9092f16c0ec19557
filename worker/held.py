"""What the catalogue holds of a chunk's items already, and what is left to do if their images have not changed."""

from dataclasses import dataclass

from shared.catalogue.interface import Catalogue, Known, Vector
from shared.items import Item
from shared.ledger.ingest import Claim


@dataclass(frozen=True)
class Held:
    """A photo that is stored under an item's id. If the item's image still has this hash, it need not be embedded:
    the item counts as `unchanged` or as stored, and with an `embedding` its row is written again around it.
    """

    content_hash: bytes
    is_unchanged: bool
    embedding: Vector | None


def look_up(catalogue: Catalogue, claim: Claim) -> dict[str, Held]:
    """What is held under the ids of a chunk. A preflight stores nothing and so tries everything."""
    if claim.preflight:
        return {}
    known = catalogue.known(claim.collection, [item.id for item in claim.items])
    again = [item.id for item in claim.items if item.id in known and _needs_row(item, known[item.id], claim)]
    embeddings = catalogue.embeddings(claim.collection, again)
    # One that was deleted between the two questions is no longer held.
    gone = set(again) - embeddings.keys()
    return {
        item.id: Held(
            content_hash=known[item.id].content_hash,
            # With this submission's own version it was stored by a worker that was lost before it could say so.
            is_unchanged=_is_same(item, known[item.id]) and known[item.id].version != claim.version,
            embedding=embeddings.get(item.id),
        )
        for item in claim.items
        if item.id in known and item.id not in gone
    }


def _is_same(item: Item, known: Known) -> bool:
    return (item.url, item.attributes) == (known.url, known.attributes)


def _needs_row(item: Item, known: Known, claim: Claim) -> bool:
    """Whether a row must be written though the image is the same: for a new URL or attributes, or to outrank an older
    submission that may still write."""
    if known.version > claim.version:
        return False
    return not _is_same(item, known) or (claim.contested and known.version < claim.version)
