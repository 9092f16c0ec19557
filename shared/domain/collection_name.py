"""The name of a collection: the default, and which names are valid."""

import re

from shared.errors import Fault, InvalidRequestError

DEFAULT_COLLECTION = "photos"
COLLECTION_PATTERN = "^[a-z][a-z0-9_]{0,62}$"

_NAME = re.compile(COLLECTION_PATTERN.removeprefix("^").removesuffix("$"))


def collection_problem(collection: str) -> str | None:
    """What is wrong with the name of a collection, or None. A valid name is safe as a table name."""
    if _NAME.fullmatch(collection):
        return None
    return "must start with a lower-case letter, then have lower-case letters, digits and '_'; 63 at most"


def check_name(collection: str) -> str:
    """Return a valid name; raise InvalidRequestError for any other."""
    if problem := collection_problem(collection):
        raise InvalidRequestError(f"`collection` {problem}.", [Fault(problem, parameter="collection")])
    return collection
