"""From a row's values to an item: URLs are cleaned, ids derived, everything is checked."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from api.intake.lists.row import BadRow, Place
from shared.addresses.web_url import url_problem
from shared.domain.items import MAX_ATTRIBUTES_BYTES, MAX_ID_BYTES, Item, normal_id, photo_id_problem
from shared.errors import Fault

# An ampersand as HTML writes it, also written twice over: `&amp;amp;`.
_AMPERSAND = re.compile(r"&(?:(?:amp|#0*38|#x0*26);)+", re.IGNORECASE)
_AUTHORITY = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.IGNORECASE)
# What is kept of a URL that is too long for an id, before its digest.
_KEPT_BYTES = 220
# A character takes at most six bytes in JSON, as an escape.
_SURELY_SMALL = MAX_ATTRIBUTES_BYTES // 8


def item_of(
    place: Place, photo_id: str | None, url: str, attributes: Mapping[str, Any], size: int, *, unescape: bool
) -> Item | BadRow:
    """The item of a row. `photo_id` is None if it comes from the URL; `size` is the number of the row's characters,
    which bounds that of its attributes.
    """
    url = clean_url(url, unescape=unescape)
    given, photo_id = photo_id, id_of_url(url) if photo_id is None else photo_id
    photo_id = normal_id(photo_id)
    url_fault = url_problem(url)
    # The fault of a derived id is that of its URL.
    id_fault = photo_id_problem(photo_id) if given is not None or url_fault is None else None
    size_fault = attributes_problem(attributes) if size > _SURELY_SMALL else None
    if url_fault is None and id_fault is None and size_fault is None:
        return Item(photo_id, url, attributes)
    named = {"url": url_fault, "photo_id": id_fault, "attributes": size_fault}
    faults = [
        Fault(problem, pointer=f"{place.pointer}/{field}", line=place.line, column=field)
        for field, problem in named.items()
        if problem
    ]
    return BadRow(place, "bad_url" if url_fault else "bad_row", faults, photo_id=photo_id, url=url)


def clean_url(url: str, *, unescape: bool) -> str:
    """A URL as a browser reads it from a page: without surrounding spaces, inner ones as `%20`. A space in the host
    stays, which makes the URL invalid."""
    url = url.strip()
    if unescape and "&" in url:
        url = _AMPERSAND.sub("&", url)
    if " " in url:
        authority = _AUTHORITY.match(url)
        if authority and " " not in authority[0]:
            url = url.replace(" ", "%20")
    return url


def id_of_url(url: str) -> str:
    """The id of a photo that has none: its URL; of a URL that is too long for an id, its beginning and a digest."""
    encoded = url.encode("utf-8", "surrogatepass")
    if len(encoded) <= MAX_ID_BYTES:
        return url
    return f"{encoded[:_KEPT_BYTES].decode('utf-8', 'ignore')}-{hashlib.sha256(encoded).hexdigest()[:32]}"


def attributes_problem(attributes: Mapping[str, Any]) -> str | None:
    """What is wrong with attributes, or None. NaN and infinity, which parsers accept, are not JSON."""
    try:
        size = len(json.dumps(attributes, ensure_ascii=False, allow_nan=False).encode())
    except UnicodeEncodeError:
        return "must be UTF-8"
    except ValueError as error:
        return str(error)
    return f"must be at most {MAX_ATTRIBUTES_BYTES} bytes as JSON" if size > MAX_ATTRIBUTES_BYTES else None
