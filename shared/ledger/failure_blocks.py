"""Failed items as blocks for the ledger."""

import base64
import json
import zlib
from collections.abc import Sequence

from shared.domain.items import Failure, pack_items, unpack_items


def pack_failures(failures: Sequence[Failure]) -> bytes:
    """One block: the failed items, complete for a retry, with codes and details."""
    items = base64.b85encode(pack_items([failure.item for failure in failures])).decode()
    reasons = [[failure.code, failure.detail, failure.attempts, failure.redirected_to] for failure in failures]
    return zlib.compress(json.dumps([items, reasons], separators=(",", ":")).encode())


def unpack_failures(block: bytes) -> list[Failure]:
    """Inverse of `pack_failures`."""
    items, reasons = json.loads(zlib.decompress(block))
    pairs = zip(unpack_items(base64.b85decode(items)), reasons, strict=True)
    # Blocks of earlier versions have no fourth field.
    return [Failure(item, *reason) for item, reason in pairs]
