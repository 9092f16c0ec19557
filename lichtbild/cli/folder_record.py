"""Which ids a folder had when it was last ingested, so that `--sync` can delete those that are gone."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from lichtbild.client import Client
from lichtbild.folder import FolderScan

# More deletions than this need a confirmation.
_FEW = 20


class FolderRecord:
    """A file in the user's state folder: one id per line, as JSON. It belongs to an API, a collection, a folder and a
    prefix."""

    def __init__(self, client: Client, collection: str, scan: FolderScan) -> None:
        self._client = client
        self._collection = collection
        self._scan = scan
        key = json.dumps([client.api, collection, str(scan.folder.resolve()), scan.prefix])
        self._file = _state_folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.jsonl"

    def add(self, ids: Iterable[str]) -> None:
        """Record ids in addition to those of earlier ingests. Raises OSError."""
        self._write(self._read() | set(ids))

    def delete_gone(self, ids: set[str], *, is_sure: bool) -> int:
        """Delete the recorded photos that are not among `ids` and whose file does not exist; return their number.

        Raises UsageError if they are more than 20 and nobody confirms it, ApiError and Unreachable.
        """
        recorded = self._read()
        gone = sorted(photo_id for photo_id in recorded - ids if not self._exists(photo_id))
        if not gone:
            return 0
        if not is_sure and len(gone) > _FEW:
            _confirm(f"{len(gone)} of {len(recorded)} photos of {self._scan.folder} have no file any more. Delete?")
        for photo_id in gone:
            self._client.delete_photo(photo_id, self._collection)
        self._write(recorded - set(gone))
        return len(gone)

    def _exists(self, photo_id: str) -> bool:
        """Whether there is still such a file, for example one that `--exclude` leaves out."""
        return os.path.lexists(self._scan.folder / photo_id.removeprefix(self._scan.prefix))

    def _read(self) -> set[str]:
        try:
            return {json.loads(line) for line in self._file.read_text().splitlines()}
        except FileNotFoundError:
            return set()

    def _write(self, ids: Iterable[str]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(f".{os.getpid()}")
        draft.write_text("".join(f"{json.dumps(photo_id)}\n" for photo_id in sorted(ids)))
        draft.replace(self._file)


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} To delete them, add --yes.")
    click.confirm(question, abort=True, err=True)


def _state_folder() -> Path:
    """As the XDG base directory specification has it."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "lichtbild" / "folders"
