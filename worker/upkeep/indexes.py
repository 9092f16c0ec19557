"""Builds and drops vector indexes: on command, and of collections that have grown large."""

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

# Maximum wait for a bell: the delay of a command whose bell is lost.
_POLL_SECONDS = 1.0
# Interval of checks for collections that have grown large.
_GROWTH_SECONDS = 60.0


class IndexFailedError(LichtbildError):
    """The catalogue's server could not build the index; the message is the server's own."""

    code = "index_failed"


class Indexes:
    """Starts builds at the catalogue's server and polls them until they end, in the thread `indexes`."""

    def __init__(
        self,
        ledger: CommandLedger,
        catalogue: Catalogue,
        connection: Redis,
        rows: int,
        progress: BuildProgress | None = None,
    ) -> None:
        """A collection of `rows` photos or more gets an index automatically; 0: never."""
        self._ledger = ledger
        self._catalogue = catalogue
        self._choices = IndexChoices(connection)
        self._growth_turn = Turn.to_check_growth(connection, _GROWTH_SECONDS)
        self._rows = rows
        self._progress = progress or BuildProgress()
        self._next = 0.0

    def wait_and_do(self) -> None:
        """Wait up to a second for a bell, then execute all waiting commands. Raises RedisError and UnavailableError."""
        self._ledger.wait(_POLL_SECONDS)
        self.do_waiting()
        if self._rows and time.monotonic() >= self._next:
            self._next = time.monotonic() + _GROWTH_SECONDS
            self.build_for_large_collections()

    def do_waiting(self) -> None:
        """Advance each waiting command by one step; one that is not done is claimed again later. Raises RedisError."""
        for command in self._ledger.claim():
            try:
                done = self._drop(command) if command.subject == "drop" else self._build(command)
            except UnavailableError as error:
                log.warning("The index of %s is deferred: %s", command.collection, error)
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
                log.info("Collection %s has %d photos or more: building its index.", name, self._rows)
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
