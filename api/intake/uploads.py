"""An upload: writes the images of one multipart request to the spool and yields an item for each."""

import hashlib
import json
from collections.abc import Iterator

from api.intake.lists.values import attributes_problem
from api.intake.multipart import Part, Stream, read_parts
from shared.domain.items import MAX_ATTRIBUTES_BYTES, Attributes, Item, normal_id, photo_id_problem
from shared.errors import Fault, InvalidRequestError, PayloadTooLargeError
from shared.uploads.spool import Reception

PART, ATTRIBUTES = "images", "attributes"
# One file per image: the limit prevents an upload from exhausting inodes.
_MAX_IMAGES = 10_000


class Upload:
    """One request. `boundary` is from its Content-Type; `max_image_bytes` is the limit per image."""

    def __init__(self, body: Stream, boundary: str, reception: Reception, max_image_bytes: int) -> None:
        self._body = body
        self._boundary = boundary
        self._reception = reception
        self._max_image_bytes = max_image_bytes
        self._digest = hashlib.sha256()

    def items(self) -> Iterator[Item]:
        """Each image as an item, after its bytes are in the spool. The file name is the id; a part `attributes` belongs
        to the image that follows it.

        Raises MalformedError, InvalidRequestError, PayloadTooLargeError, SpoolFullError or UnavailableError.
        """
        images = 0
        attributes: Attributes | None = None
        for number, part in enumerate(read_parts(self._body, self._boundary)):
            place = f"part {number}"
            if part.name == ATTRIBUTES and attributes is None:
                attributes = self._attributes(part, place)
                continue
            if images == _MAX_IMAGES:
                raise PayloadTooLargeError(
                    f"An upload has at most {_MAX_IMAGES} images; split it into several uploads."
                )
            images += 1
            photo_id = _photo_id(part, place)
            address = self._reception.add(self._watched(photo_id, part.pieces))
            yield Item(photo_id, address, attributes or {})
            attributes = None
        if attributes is not None:
            raise _refusal(f"{place}: no image follows these attributes.", ATTRIBUTES)
        self._reception.seal()

    def fingerprint(self) -> str:
        """SHA-256 of all ids and bytes in order, independent of the boundary, in hexadecimal."""
        return self._digest.hexdigest()

    def _attributes(self, part: Part, place: str) -> Attributes:
        """The attributes in a part. Raises InvalidRequestError."""
        content = b""
        for piece in part.pieces:
            content += piece
            if len(content) > MAX_ATTRIBUTES_BYTES:
                raise _refusal(f"{place}: attributes must be at most {MAX_ATTRIBUTES_BYTES} bytes.", ATTRIBUTES)
        try:
            attributes = json.loads(content)
            problem = attributes_problem(attributes) if isinstance(attributes, dict) else "must be an object"
        except (ValueError, RecursionError):
            problem = "must be JSON"
        if problem:
            raise _refusal(f"{place}: attributes {problem}.", ATTRIBUTES)
        self._digest.update(b"attributes" + hashlib.sha256(content).digest())
        found: Attributes = attributes
        return found

    def _watched(self, photo_id: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
        content, size = hashlib.sha256(), 0
        for piece in pieces:
            size += len(piece)
            if size > self._max_image_bytes:
                limit = f"{self._max_image_bytes} bytes (LICHTBILD_MAX_IMAGE_BYTES)"
                raise PayloadTooLargeError(f"{photo_id!r} is larger than {limit}; the whole upload was rejected.")
            content.update(piece)
            yield piece
        self._digest.update(hashlib.sha256(photo_id.encode()).digest() + content.digest())


def _photo_id(part: Part, place: str) -> str:
    if part.name != PART:
        raise _refusal(
            f"{place} is named {part.name!r}; every part of an upload must be a file named {PART!r}, or the "
            f"{ATTRIBUTES!r} of the image that follows.",
            part.name,
        )
    if part.filename is None:
        raise _refusal(f"{place} has no file name; the file name is the photo's id.", PART)
    photo_id = normal_id(part.filename)
    if problem := photo_id_problem(photo_id):
        raise _refusal(f"{place}: the file name, which is the photo's id, {problem}.", PART)
    return photo_id


def _refusal(reason: str, name: str) -> InvalidRequestError:
    """`name` is that of the part at fault."""
    return InvalidRequestError(reason, [Fault(reason, pointer=f"/{name}")])
