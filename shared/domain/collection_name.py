"""The name of a collection: the default, and which names are valid."""

import re

from shared.errors import InvalidRequestError

DEFAULT_COLLECTION = "photos"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def check_name(collection: str) -> str:
    """Return a collection name that is safe as a table name; raise InvalidRequestError otherwise."""
    if not _NAME.fullmatch(collection):
        raise InvalidRequestError(
            "A collection name starts with a lower-case letter, then lower-case letters, digits and '_'; 63 at most."
        )
    return collection
