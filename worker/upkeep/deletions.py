"""Deletes photos. The thread `deletions` does nothing else: a deletion does not wait for the worker's chunks."""

import logging
from collections import defaultdict

from shared.catalogue.interface import Catalogue
from shared.errors import LichtbildError, UnavailableError
from shared.ledger.commands import CatalogueCommand, CommandLedger
from shared.uploads.thumbnails import Thumbnails

log = logging.getLogger(__name__)

# Maximum wait for a bell: the delay of a deletion whose bell is lost.
_POLL_SECONDS = 1.0


class Deletions:
    """Deletes all waiting photos of a collection with one insert of tombstones."""

    def __init__(self, ledger: CommandLedger, catalogue: Catalogue, thumbnails: Thumbnails | None) -> None:
        self._ledger = ledger
        self._catalogue = catalogue
        self._thumbnails = thumbnails

    def wait_and_delete(self) -> None:
        """Wait up to a second for a bell, then execute all waiting deletions. Raises RedisError."""
        self._ledger.wait(_POLL_SECONDS)
        self.delete_waiting()

    def delete_waiting(self) -> None:
        """Execute all waiting deletions. While the catalogue is unavailable they stay in the ledger and are retried.

        Raises RedisError.
        """
        while claimed := self._ledger.claim():
            by_collection: defaultdict[str, list[CatalogueCommand]] = defaultdict(list)
            for deletion in claimed:
                by_collection[deletion.collection].append(deletion)
            for collection, deletions in by_collection.items():
                self._delete(collection, deletions)

    def _delete(self, collection: str, deletions: list[CatalogueCommand]) -> None:
        try:
            # Sorted by version, so that of two deletions of one photo the newer remains.
            self._catalogue.delete(collection, {deletion.subject: deletion.version for deletion in deletions})
            self._remove_thumbnails(collection, [deletion.subject for deletion in deletions])
        except UnavailableError as error:
            log.warning("%d deletions deferred: %s", len(deletions), error)
        except LichtbildError as error:
            for deletion in deletions:
                self._ledger.fail(deletion, error)
        else:
            self._ledger.complete(deletions)
            log.info("Deleted %d photos of %s.", len(deletions), collection)

    def _remove_thumbnails(self, collection: str, photo_ids: list[str]) -> None:
        """Remove the thumbnails of deleted photos; a photo that was submitted again since then keeps its own."""
        if self._thumbnails is not None:
            stored = self._catalogue.known(collection, photo_ids)
            for photo_id in photo_ids:
                if photo_id not in stored:
                    self._thumbnails.remove(collection, photo_id)
