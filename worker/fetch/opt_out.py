"""Opt-outs: `X-Robots-Tag: noai` and the like, by which a site asks not to have an image collected."""

from collections.abc import Collection
from re import compile as pattern

from shared.errors import ItemError

# A directive may be addressed to one robot: `X-Robots-Tag: googlebot: noindex, nofollow`.
_ADDRESSED = pattern(r"\s*([!#$%&'*+\-.^_`|~0-9a-z]+)\s*:(.*)")
_OUR_NAME = "lichtbild"
# Directives with a value of their own, which looks like a robot's name in front.
_WITH_VALUE = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
_NONE_MEANS = frozenset({"noindex", "nofollow"})


def check_opt_out(tag: str, refused: Collection[str]) -> None:
    """Raises ItemError `opted_out` if the values of `X-Robots-Tag` have a directive of `refused` (in lower case)."""
    found = _directives(tag) & set(refused)
    if found:
        detail = f"The server sends X-Robots-Tag: {', '.join(sorted(found))} (LICHTBILD_OPT_OUT_DIRECTIVES)."
        raise ItemError("opted_out", detail)


def _directives(tag: str) -> set[str]:
    """Those that address every robot or us. A name applies up to the next name of the same header."""
    directives: set[str] = set()
    for header in tag.lower().split("\n"):
        addressee = ""
        for part in header.split(","):
            directive = part.strip()
            if (match := _ADDRESSED.fullmatch(part)) is not None and match[1] not in _WITH_VALUE:
                addressee, directive = match[1], match[2].strip()
            if addressee in ("", _OUR_NAME):
                directives.add(directive)
    return directives | (_NONE_MEANS if "none" in directives else frozenset())
