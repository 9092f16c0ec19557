"""Smaller renditions: the model sees 224 x 224 pixels of a 20 MB photo, so hosts that can resize do it.

The parameters are those of imgix, which serves `images.unsplash.com` (docs.imgix.com, "Size" and "Format"). Only the
request is rewritten; the original URL is stored.
"""

import re
from collections.abc import Collection
from urllib.parse import parse_qsl

from shared.addresses.web_url import parse_web_url

# `fit=max` keeps the proportions and never enlarges. At three times the edge the cosine to the original's vector is
# above 0.999, at twice the edge it is not (benchmarks/renditions.py). 3 also divides the sides of a 3:2 picture,
# so that rounding the shorter side does not shift it.
_BOX = 3
_QUALITY = 75
# Parameters of size and encoding are replaced by ours; all others (rect, ixid …) are kept.
_REPLACED = frozenset({"w", "h", "fit", "q", "fm", "dpr", "auto", "min-w", "min-h", "max-w", "max-h", "lossless"})
# A signature covers the whole query: any change to it is refused. `s` is imgix's, `ik-s` ImageKit's; the others are of
# S3, Google, Azure, CloudFront, Akamai, Fastly, Cloudflare and many home-made ones.
_SIGNED = re.compile(
    r"s|ik-s|oh|sig|hmac|hash|md5|policy|expires|expiry|exp|verify|hdnea|hdnts|x-(amz|goog|oss|cos|bce|obs)-.*"
    r"|.*(signature|signed|token|key-pair-id|accesskeyid|accessid).*|sign|auth|auth_key|st|se|sv",
    re.IGNORECASE,
)
_WHOLE_PICTURE = frozenset({"clip", "max"})


def small_rendition(url: str, edge: int, hosts: Collection[str]) -> str:
    """The URL of a rendition whose longest side is three times `edge` pixels.

    Returns `url` unchanged if its host (`name` or `name:port`) is not in `hosts`, if it is signed, or if it requests a
    crop.
    """
    if not hosts:
        return url
    try:
        web = parse_web_url(url)
    except ValueError:
        return url
    if web.origin.host not in hosts and web.origin.netloc not in hosts:
        return url
    path, _, query = url.partition("#")[0].partition("?")
    asked = dict(parse_qsl(query, keep_blank_values=True))
    if any(_SIGNED.fullmatch(name) for name in asked):
        return url
    if asked.get("fit", "max") not in _WHOLE_PICTURE or "ar" in asked:
        return url
    kept = [pair for pair in query.split("&") if pair and pair.partition("=")[0] not in _REPLACED]
    side = _BOX * edge
    ours = [f"w={side}", f"h={side}", "fit=max", "fm=jpg", f"q={_QUALITY}"]
    return f"{path}?{'&'.join([*kept, *ours])}"
