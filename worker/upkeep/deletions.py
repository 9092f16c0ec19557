"""Deletes photos and collections. The thread `deletions` does nothing else: a deletion does not wait for the worker's
chunks."""

import logging
from collections import defaultdict
from collections.abc import Iterator

from shared.catalogue.interface import Catalogue
from shared.errors import LichtbildError, UnavailableError
from shared.ledger.commands import CatalogueCommand, CommandLedger
from shared.ledger.index_choices import IndexChoices
from shared.uploads.thumbnails import Thumbnails

log = logging.getLogger(__name__)

# Maximum wait for a bell: the delay of a deletion whose bell is lost.
_POLL_SECONDS = 1.0
# Photos of a collection whose thumbnails are removed between two looks at whether the deletion is still wanted.
_PAGE = 1000


class Deletions:
    """Deletes all waiting photos of a collection with one insert of tombstones, or the collection itself."""

    def __init__(
        self,
        ledger: CommandLedger,
        catalogue: Catalogue,
        thumbnails: Thumbnails | None,
        index_choices: IndexChoices,
    ) -> None:
        self._ledger = ledger
        self._catalogue = catalogue
        self._thumbnails = thumbnails
        self._index_choices = index_choices

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
        whole = next((deletion for deletion in deletions if not deletion.subject), None)
        try:
            if whole is None:
                self._delete_photos(collection, deletions)
            else:
                self._delete_collection(whole)
        except UnavailableError as error:
            log.warning("%d deletions deferred: %s", len(deletions), error)
        except LichtbildError as error:
            for deletion in deletions:
                self._ledger.fail(deletion, error)
        else:
            self._ledger.complete(deletions)

    def _delete_photos(self, collection: str, deletions: list[CatalogueCommand]) -> None:
        # Sorted by version, so that of two deletions of one photo the newer remains.
        self._catalogue.delete(collection, {deletion.subject: deletion.version for deletion in deletions})
        self._remove_thumbnails(collection, [deletion.subject for deletion in deletions])
        log.info("Deleted %d photos of %s.", len(deletions), collection)

    def _delete_collection(self, command: CatalogueCommand) -> None:
        """Remove the thumbnails, then the table: its ids name the thumbnails of a collection that was deleted by half.

        Stops if another worker has completed the command: a new collection of this name may exist by now.
        """
        for photo_ids in self._ids_with_thumbnails(command.collection):
            if not self._ledger.is_open(command):
                return
            self._forget_thumbnails(command.collection, photo_ids)
        if self._ledger.is_open(command):
            self._catalogue.drop(command.collection)
            self._index_choices.accept(command.collection)
            log.info("Deleted collection %s.", command.collection)

    def _ids_with_thumbnails(self, collection: str) -> Iterator[list[str]]:
        after = ""
        while self._thumbnails is not None and (photo_ids := self._catalogue.ids(collection, after, _PAGE)):
            yield photo_ids
            after = photo_ids[-1]

    def _remove_thumbnails(self, collection: str, photo_ids: list[str]) -> None:
        """Remove the thumbnails of deleted photos; a photo that was submitted again since then keeps its own."""
        if self._thumbnails is not None:
            stored = self._catalogue.known(collection, photo_ids)
            self._forget_thumbnails(collection, [photo_id for photo_id in photo_ids if photo_id not in stored])

    def _forget_thumbnails(self, collection: str, photo_ids: list[str]) -> None:
        if self._thumbnails is not None:
            for photo_id in photo_ids:
                self._thumbnails.remove(collection, photo_id)
