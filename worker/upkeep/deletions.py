"""Deletes photos, in a thread of its own: a deletion must not wait for the chunks that this worker is busy with."""

import logging
from collections import defaultdict

from shared.catalogue.interface import Catalogue
from shared.errors import LichtbildError, UnavailableError
from shared.ledger.commands import CatalogueCommand, CommandLedger
from shared.uploads.thumbnails import Thumbnails

log = logging.getLogger(__name__)

# How long a lost bell can go unnoticed.
_LOOK_AGAIN_SECONDS = 1.0


class Deletions:
    """What waits together is deleted together, by one insert of tombstones per collection."""

    def __init__(self, ledger: CommandLedger, catalogue: Catalogue, thumbnails: Thumbnails | None) -> None:
        self._ledger = ledger
        self._catalogue = catalogue
        self._thumbnails = thumbnails

    def wait_and_delete(self) -> None:
        """Wait for a deletion, a moment at most, then do all that wait. Raises RedisError."""
        self._ledger.wait(_LOOK_AGAIN_SECONDS)
        self.delete_waiting()

    def delete_waiting(self) -> None:
        """Do all deletions that wait now. Those that the catalogue does not take now are taken again later."""
        while taken := self._ledger.claim():
            by_collection: defaultdict[str, list[CatalogueCommand]] = defaultdict(list)
            for deletion in taken:
                by_collection[deletion.collection].append(deletion)
            for collection, deletions in by_collection.items():
                self._delete(collection, deletions)

    def _delete(self, collection: str, deletions: list[CatalogueCommand]) -> None:
        try:
            # Oldest first: of two deletions of one photo the newer version stays.
            self._catalogue.delete(collection, {deletion.subject: deletion.version for deletion in deletions})
            self._remove_thumbnails(collection, [deletion.subject for deletion in deletions])
        except UnavailableError as error:
            log.warning("%d deletions wait: %s", len(deletions), error)
        except LichtbildError as error:
            for deletion in deletions:
                self._ledger.fail(deletion, error)
        else:
            self._ledger.complete(deletions)
            log.info("Deleted %d photos of %s.", len(deletions), collection)

    def _remove_thumbnails(self, collection: str, photo_ids: list[str]) -> None:
        """But not those of photos that were submitted again since, and are there."""
        if self._thumbnails is not None:
            there = self._catalogue.known(collection, photo_ids)
            for photo_id in photo_ids:
                if photo_id not in there:
                    self._thumbnails.remove(collection, photo_id)
