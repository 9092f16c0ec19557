"""Smaller renditions: of a photo of 20 MB the model sees some 224 x 224 pixels, so hosts that resize are asked to.

The parameters are imgix', which `images.unsplash.com` runs on: docs.imgix.com, "Size" and "Format". Only the request
is rewritten; what is stored is the URL as it was given.
"""

from collections.abc import Collection
from urllib.parse import parse_qsl, urlsplit, urlunsplit

# `fit=max` keeps the proportions and never enlarges. Three times the edge, since the last step down has to be our own:
# the cosine with the original's vector is above 0.999, at twice the edge it is not (benchmarks/renditions.py). And it
# divides by the 3 of 3:2, so that rounding the shorter side does not shift the picture.
_BOX = 3
_QUALITY = 75
# Parameters of size and encoding, which ours take the place of; the others (rect, ixid …) are kept as they are.
_REPLACED = frozenset({"w", "h", "fit", "q", "fm", "dpr", "auto", "min-w", "min-h", "max-w", "max-h", "lossless"})
_WHOLE_PICTURE = frozenset({"clip", "max"})


def small_rendition(url: str, edge: int, hosts: Collection[str]) -> str:
    """The URL to ask for so that the picture's shortest side is `edge` pixels or somewhat more.

    The URL itself if its host (`name`, or `name:port`) is not one of `hosts`, or if it asks for a cut of its own.
    """
    parts = urlsplit(url)
    if (parts.hostname or "") not in hosts and parts.netloc.lower() not in hosts:
        return url
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    if asked.get("fit", "max") not in _WHOLE_PICTURE or "ar" in asked:
        return url
    kept = [pair for pair in parts.query.split("&") if pair and pair.partition("=")[0] not in _REPLACED]
    side = _BOX * edge
    ours = [f"w={side}", f"h={side}", "fit=max", "fm=jpg", f"q={_QUALITY}"]
    return urlunsplit(parts._replace(query="&".join([*kept, *ours])))
