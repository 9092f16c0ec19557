"""The pictures below a folder, found one by one, and what was left out."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from lichtbild.uploads import SUFFIXES, Picture

# Folders that file servers, systems and photo programs make for themselves, often full of small copies.
_SYSTEM_FOLDERS = frozenset(
    {
        *("@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp", "@sharebin"),  # NAS
        *("$recycle.bin", "system volume information", "recycler", "lost+found"),
        *("__macosx",),
    }
)
_SYSTEM_FOLDER_SUFFIXES = (".lrdata", ".lrprev")
_SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
_NO_SUFFIX = "without suffix"


@dataclass
class FolderScan:
    """Walks a folder once. An id is `prefix` and the path relative to the folder, in Unicode's normal form C.

    `exclude` are patterns of names or relative paths, such as `*.png` or `drafts/*`. While the scan goes on, `found`
    counts the pictures, `left_out` other files by suffix, `links` those that lead out of the folder, and `unreadable`
    has what could not be read, with the reason. Hidden and system files are left out without being counted.
    """

    folder: Path
    prefix: str = ""
    exclude: tuple[str, ...] = ()
    found: int = 0
    links: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    unreadable: dict[str, str] = field(default_factory=dict)
    _root: Path = field(init=False)
    _other_forms: set[str] = field(default_factory=set)

    def pictures(self) -> Iterator[Picture]:
        """The pictures in the order of their ids. Raises OSError if the folder itself cannot be read."""
        self._root = self.folder.resolve(strict=True)
        with os.scandir(self.folder):
            pass
        yield from self._below(self.folder, "")

    def _below(self, folder: Path, path: str) -> Iterator[Picture]:
        for entry in self._entries(folder, path):
            below = f"{path}{entry.name}"
            if self._is_skipped(entry.name, below):
                continue
            if entry.is_dir(follow_symlinks=False):
                if not _is_system_folder(entry.name):
                    yield from self._below(Path(entry.path), f"{below}/")
            elif entry.is_symlink() and not self._is_inside(Path(entry.path)):
                self.links += 1
            else:
                yield from self._picture(entry, below)

    def _entries(self, folder: Path, path: str) -> list[os.DirEntry[str]]:
        """The entries of a folder in the order of ids; all that could be read before an error."""
        entries: list[os.DirEntry[str]] = []
        try:
            with os.scandir(folder) as scanned:
                entries.extend(scanned)
        except OSError as error:
            self.unreadable[path.rstrip("/") or "."] = f"it cannot be read: {error.strerror or type(error).__name__}"
        return sorted(entries, key=_order)

    def _picture(self, entry: os.DirEntry[str], path: str) -> Iterator[Picture]:
        suffix = Path(entry.name).suffix.lower()
        if suffix not in SUFFIXES or not entry.is_file():
            self.left_out[suffix or _NO_SUFFIX] += 1
            return
        photo_id = unicodedata.normalize("NFC", self.prefix + path)
        if not photo_id.isascii():
            if photo_id in self._other_forms:
                self.unreadable[path] = "another file has the same name in another Unicode form"
                return
            self._other_forms.add(photo_id)
        self.found += 1
        yield Picture(photo_id, Path(entry.path))

    def _is_skipped(self, name: str, path: str) -> bool:
        if name.startswith(".") or name.lower() in _SYSTEM_FILES:
            return True
        return any(fnmatch(name, pattern) or fnmatch(path, pattern) for pattern in self.exclude)

    def _is_inside(self, link: Path) -> bool:
        """Whether a link leads to a regular file inside the folder."""
        try:
            return link.is_file() and link.resolve().is_relative_to(self._root)
        except (OSError, RuntimeError):
            # A circular link.
            return False


def left_out_in_words(scan: FolderScan) -> str:
    """`3 files left out: 1 .heic, 1 .jxl, 1 .nef`; empty if none was."""
    most_first = sorted(scan.left_out.items(), key=lambda each: (-each[1], each[0]))
    counts = [f"{count} {suffix}" for suffix, count in most_first]
    if scan.links:
        counts.append(f"{scan.links} {'links' if scan.links > 1 else 'link'} out of the folder")
    total = scan.left_out.total() + scan.links
    return f"{total} {'files' if total > 1 else 'file'} left out: {', '.join(counts)}" if total else ""


def _order(entry: os.DirEntry[str]) -> str:
    """Sorts the entries of a folder as the ids below it are sorted."""
    return f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name


def _is_system_folder(name: str) -> bool:
    return name.lower() in _SYSTEM_FOLDERS or name.lower().endswith(_SYSTEM_FOLDER_SUFFIXES)
