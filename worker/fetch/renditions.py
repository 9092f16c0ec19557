"""Smaller renditions: the model sees about 224 x 224 pixels of a 20 MB photo, so hosts that can resize do so.

The parameters are those of imgix, which serves `images.unsplash.com`: docs.imgix.com, "Size" and "Format". Only the
request is rewritten; the stored URL does not change.
"""

from collections.abc import Collection
from urllib.parse import parse_qsl, urlsplit, urlunsplit

# `fit=max` keeps the aspect ratio and never enlarges. At three times the edge the cosine with the original's vector is
# above 0.999, at twice the edge it is not (benchmarks/renditions.py). Three is also divisible by the 3 of 3:2, so
# rounding the shorter side does not shift the picture.
_BOX = 3
_QUALITY = 75
# Parameters of size and encoding, which are replaced by ours. All others (rect, ixid …) are kept.
_REPLACED = frozenset({"w", "h", "fit", "q", "fm", "dpr", "auto", "min-w", "min-h", "max-w", "max-h", "lossless"})
_WHOLE_PICTURE = frozenset({"clip", "max"})


def small_rendition(url: str, edge: int, hosts: Collection[str]) -> str:
    """The URL of a rendition whose shortest side has at least about `edge` pixels.

    The URL itself if its host (`name`, or `name:port`) is not one of `hosts`, or if it requests its own crop.
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
