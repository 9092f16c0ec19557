"""Builds and drops vector indexes, on command, and by itself where a collection has grown large."""

import logging
import time

from redis import Redis

from shared.catalogue.interface import Catalogue
from shared.errors import LichtbildError, UnavailableError
from shared.ledger.commands import CatalogueCommand, CommandLedger
from shared.ledger.index_choices import IndexChoices
from shared.ledger.turns import Turn
from worker.upkeep.build_progress import BuildProgress

log = logging.getLogger(__name__)

# How long a lost bell can go unnoticed.
_LOOK_AGAIN_SECONDS = 1.0
_GROWTH_SECONDS = 60.0


class IndexFailedError(LichtbildError):
    """The catalogue's server could not build the index; the message is its own reason."""

    code = "index_failed"


class Indexes:
    """The catalogue's server does the work, however long it takes; here it is asked for and looked after."""

    def __init__(
        self,
        ledger: CommandLedger,
        catalogue: Catalogue,
        connection: Redis,
        rows: int,
        progress: BuildProgress | None = None,
    ) -> None:
        """`rows` is how large a collection must be to get an index by itself; 0 is never."""
        self._ledger = ledger
        self._catalogue = catalogue
        self._choices = IndexChoices(connection)
        self._growth_turn = Turn.to_check_growth(connection, _GROWTH_SECONDS)
        self._rows = rows
        self._progress = progress or BuildProgress()
        self._next = 0.0

    def wait_and_do(self) -> None:
        """Wait for an command, a moment at most, then do what there is. Raises RedisError and UnavailableError."""
        self._ledger.wait(_LOOK_AGAIN_SECONDS)
        self.do_waiting()
        if self._rows and time.monotonic() >= self._next:
            self._next = time.monotonic() + _GROWTH_SECONDS
            self.build_for_large_collections()

    def do_waiting(self) -> None:
        """Take each command a step on; those that are not done then are taken again."""
        for command in self._ledger.claim():
            try:
                done = self._drop(command) if command.subject == "drop" else self._build(command)
            except UnavailableError as error:
                log.warning("The index of %s waits: %s", command.collection, error)
            except LichtbildError as error:
                self._ledger.fail(command, error)
            else:
                if done:
                    self._ledger.complete([command])

    def build_for_large_collections(self) -> None:
        """Enqueue a build for each collection that is large enough, has no index and had none dropped.

        One worker runs this per minute.
        """
        if not self._growth_turn.take():
            return
        for collection in self._catalogue.collections():
            name = collection.name
            if self._choices.is_declined(name) or self._catalogue.index(name).status != "none":
                continue
            if self._catalogue.count(name) >= self._rows:
                log.info("%s has %d photos or more: its index is built.", name, self._rows)
                self._ledger.enqueue(name, "build")

    def _build(self, command: CatalogueCommand) -> bool:
        if not command.started:
            self._choices.accept(command.collection)
            self._catalogue.build_index(command.collection)
            self._ledger.mark_started(command)
        index = self._catalogue.index(command.collection)
        if index.status == "error" and self._has_stalled(command):
            raise IndexFailedError(index.reason or "The catalogue's server gives no reason.")
        if index.status == "none":
            raise IndexFailedError("The index was dropped while it was built.")
        return index.status == "built"

    def _has_stalled(self, command: CatalogueCommand) -> bool:
        return self._progress.has_stalled(command.job_id, self._catalogue.unindexed_parts(command.collection))

    def _drop(self, command: CatalogueCommand) -> bool:
        self._choices.decline(command.collection)
        self._catalogue.drop_index(command.collection)
        return True
