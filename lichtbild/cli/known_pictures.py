"""Which pictures of a window need to be sent: not those that are stored already, nor those that would replace another
file's photo."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from lichtbild.client import Client
from lichtbild.errors import ApiError
from lichtbild.models import KnownPhoto
from lichtbild.uploads import Picture, Window


@dataclass
class KnownPictures:
    """Compares pictures with those stored. `unchanged` counts the pictures that are not sent, `replaced` those that
    replace another image; `foreign` has the ids that belong to another file, with that file, unless `may_replace`.
    """

    client: Client
    collection: str
    may_replace: bool
    unchanged: int = 0
    replaced: int = 0
    foreign: dict[str, str] = field(default_factory=dict)
    _is_supported: bool = True

    def to_send(self, window: Window) -> Window | None:
        """The window without what need not be sent; None if nothing is left. Raises ApiError and Unreachable."""
        if not self._is_supported:
            return window
        hashes = {picture.id: hashlib.sha256(picture.read()).hexdigest() for picture in window.pictures}
        try:
            known = self.client.known_photos(hashes, self.collection)
        except ApiError as error:
            if error.status not in (404, 405):
                raise
            # An older API.
            self._is_supported = False
            return window
        stored = {photo.photo_id: photo for photo in known}
        left = [picture for picture in window.pictures if self._is_wanted(picture, stored.get(picture.id))]
        if len(left) == len(window.pictures):
            return window
        return Window.from_pictures(left) if left else None

    def _is_wanted(self, picture: Picture, stored: KnownPhoto | None) -> bool:
        if stored is None:
            return True
        if stored.is_same and (picture.attributes is None or stored.attributes == picture.attributes):
            self.unchanged += 1
            return False
        if stored.is_same:
            return True
        theirs, ours = stored.attributes.get("file"), (picture.attributes or {}).get("file")
        if theirs and ours and theirs != ours and not self.may_replace:
            self.foreign[picture.id] = str(theirs)
            return False
        self.replaced += 1
        return True
