"""Tokenizes ClickHouse SQL, so that no rule looks inside a string or a comment.

Where this lexer and the engine's could disagree, this one is strict: it skips only what the engine certainly skips, and
returns the rest as `OTHER`, which the guard refuses (such as typographic quotes, which are quotes to the engine). A
test compares it with the engine's own `tokenizeQuery`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """The kind of a token; `OTHER` is a character that plain SQL never has outside of quotes."""

    WORD = "word"
    NAME = "name"
    STRING = "string"
    NUMBER = "number"
    SIGN = "sign"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Token:
    """One token of the statement; `start` and `end` are byte offsets."""

    kind: Kind
    text: bytes
    start: int
    end: int

    @property
    def word(self) -> str:
        """The bare word in upper case, or the empty string for any other kind."""
        return self.text.decode().upper() if self.kind is Kind.WORD else ""

    @property
    def identifier(self) -> str | None:
        """A bare or quoted name without its quotes, in lower case; None for strings, numbers and signs."""
        if self.kind is Kind.WORD:
            return self.text.decode().lower()
        if self.kind is Kind.NAME:
            quote = self.text[:1]
            return self.text[1:-1].replace(quote * 2, quote).decode("utf-8", "replace").lower()
        return None


# The quantifiers are possessive (`++`, `*+`): a long string costs no memory, and an unclosed string is never shortened
# but becomes OTHER at its first quote; it is a syntax error to the engine. `$` is OTHER, too: it begins a heredoc, or
# belongs to a word or number, by rules that fuzzing showed to be hard to reproduce; no client here writes it. So are a
# comment within a comment, which the engine allows, and a quoted name with a backslash: it reads `\x66ile` as `file`.
_TOKEN = re.compile(
    rb"""
      (?P<skip>    [ \t\r\n\f\v]++ | (?:--|//|\#[ !])[^\n]*+ | /\*(?:[^*/]++|\*(?!/)|/(?!\*))*+\*/ )
    | (?P<string>  '(?:[^'\\]++|\\.|'')*+' )
    | (?P<name>    `(?:[^`\\]++|``)*+` | "(?:[^"\\]++|"")*+" )
    | (?P<word>    [A-Za-z_][A-Za-z0-9_]*+ )
    | (?P<number>  [0-9][A-Za-z0-9_]*+ )
    | (?P<sign>    (?!/\*)[!%&()*+,\-./:;<=>?@\[\]^{|}~] )
    | (?P<other>   . )
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = {kind.value: kind for kind in Kind}


def tokenize(sql: bytes) -> Iterator[Token]:
    """Yield the tokens one by one: a caller stops where the data of an INSERT begins."""
    for match in _TOKEN.finditer(sql):
        group = match.lastgroup
        if group and group != "skip":
            yield Token(_KINDS[group], match[0], match.start(), match.end())
