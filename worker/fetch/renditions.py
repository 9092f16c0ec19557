"""Smaller renditions: the model sees 224 x 224 pixels of a 20 MB photo, so hosts that can resize do it.

The parameters are those of imgix, which serves `images.unsplash.com` (docs.imgix.com, "Size" and "Format"). Only the
request is rewritten; the original URL is stored.
"""

from collections.abc import Collection
from urllib.parse import parse_qsl, urlsplit, urlunsplit

# `fit=max` keeps the proportions and never enlarges. At three times the edge the cosine to the original's vector is
# above 0.999, at twice the edge it is not (benchmarks/renditions.py). 3 also divides the sides of a 3:2 picture,
# so that rounding the shorter side does not shift it.
_BOX = 3
_QUALITY = 75
# Parameters of size and encoding are replaced by ours; all others (rect, ixid …) are kept.
_REPLACED = frozenset({"w", "h", "fit", "q", "fm", "dpr", "auto", "min-w", "min-h", "max-w", "max-h", "lossless"})
_WHOLE_PICTURE = frozenset({"clip", "max"})


def small_rendition(url: str, edge: int, hosts: Collection[str]) -> str:
    """The URL of a rendition whose longest side is three times `edge` pixels.

    Returns `url` unchanged if its host (`name` or `name:port`) is not in `hosts`, or if the URL requests a crop.
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
