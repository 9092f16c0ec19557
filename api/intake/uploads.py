"""An upload: the pictures of one multipart request, straight into the spool, each an item of the job to be."""

import hashlib
from collections.abc import Iterator

from api.intake.multipart import Part, Stream, read_parts
from shared.domain.items import Item, photo_id_problem
from shared.errors import InvalidRequestError, PayloadTooLargeError
from shared.uploads.spool import Reception

PART = "images"
# Each is a file: what is more is no longer an upload but a way to fill a disk's table of them.
_MOST_PICTURES = 10_000


class Upload:
    """One request. `boundary` is what its Content-Type says, `max_image_bytes` the most of one picture."""

    def __init__(self, body: Stream, boundary: str, reception: Reception, max_image_bytes: int) -> None:
        self._body = body
        self._boundary = boundary
        self._reception = reception
        self._max_image_bytes = max_image_bytes
        self._digest = hashlib.sha256()

    def items(self) -> Iterator[Item]:
        """Each picture as an item, once its bytes are in the spool; its file name is its id.

        Raises MalformedError, InvalidRequestError, PayloadTooLargeError, SpoolFullError or UnavailableError.
        """
        for number, part in enumerate(read_parts(self._body, self._boundary)):
            if number == _MOST_PICTURES:
                raise PayloadTooLargeError(f"One upload takes at most {_MOST_PICTURES} pictures; send several.")
            photo_id = _photo_id(part, f"part {number}")
            yield Item(photo_id, self._reception.add(self._watched(photo_id, part.pieces)), {})
        self._reception.seal()

    def fingerprint(self) -> str:
        """Of all ids and bytes, in their order, whatever the boundary: SHA-256 in hexadecimal."""
        return self._digest.hexdigest()

    def _watched(self, photo_id: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
        content, size = hashlib.sha256(), 0
        for piece in pieces:
            size += len(piece)
            if size > self._max_image_bytes:
                limit = f"{self._max_image_bytes} bytes (LICHTBILD_MAX_IMAGE_BYTES)"
                raise PayloadTooLargeError(f"{photo_id!r} is larger than {limit}; nothing of this upload was taken.")
            content.update(piece)
            yield piece
        self._digest.update(hashlib.sha256(photo_id.encode()).digest() + content.digest())


def _photo_id(part: Part, place: str) -> str:
    if part.name != PART:
        raise InvalidRequestError(f"{place}: is named {part.name!r}; every part of an upload is a file named {PART!r}.")
    if part.filename is None:
        raise InvalidRequestError(f"{place}: has no file name; it is to be the photo's id.")
    if problem := photo_id_problem(part.filename):
        raise InvalidRequestError(f"{place}: the file name, which is to be the photo's id, {problem}.")
    return part.filename
