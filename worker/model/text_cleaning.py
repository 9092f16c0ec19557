"""Texts as people and programs write them, reduced to what the models' training captions contain.

OpenAI's own tokenizer for CLIP cleans texts with ftfy and resolves entities; that of transformers does not, so that
typographic and typewriter quotes are different tokens.
"""

import html
import unicodedata

_REPLACED = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u02bc\u02b9\u00b4\u2039\u203a\uff07",
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u301d\u301e\u301f\uff02",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d",
    "/": "\u2044\u2215",
    "...": "\u2026",
    # Invisible: soft hyphen, zero-width space and its like, marks of direction. Joiners stay: emoji consist of them.
    "": "\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
}
_TABLE = str.maketrans({character: plain for plain, characters in _REPLACED.items() for character in characters})


def plain(text: str) -> str:
    """Entities resolved; quotes, dashes and spaces as on a keyboard; no invisible characters; NFC."""
    # Twice, as OpenAI's: `&amp;amp;` occurs in captions that were escaped twice.
    text = html.unescape(html.unescape(text)).translate(_TABLE)
    return " ".join(unicodedata.normalize("NFC", text).split())


def compatible(text: str) -> str:
    """As `plain`, and compatibility forms resolved (NFKC): ligatures, full-width and superscript characters."""
    return plain(unicodedata.normalize("NFKC", plain(text)))
