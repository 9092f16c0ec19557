"""Cuts ClickHouse SQL into tokens, so that no rule ever looks inside a string or a comment.

Where this lexer and the engine's could disagree it errs to the safe side: it skips only what the engine certainly skips
too, and leaves the rest (say, typographic quotes, which the engine takes for quotes) to the caller as `other`. A test
compares it with the engine's own `tokenizeQuery`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a token is; `OTHER` is a character that plain SQL never has outside of quotes."""

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
        """What a bare or quoted name refers to, in lower case; None for strings, numbers and signs."""
        if self.kind is Kind.WORD:
            return self.text.decode().lower()
        if self.kind is Kind.NAME:
            quote = self.text[:1]
            return self.text[1:-1].replace(quote * 2, quote).decode("utf-8", "replace").lower()
        return None


# The quantifiers are possessive (`++`, `*+`): a long string costs no memory, and an unclosed one is never cut short but
# becomes OTHER at its first quote; the engine calls it a syntax error. `$` is OTHER as well: it begins a heredoc, or
# belongs to a word or a number, by rules that fuzzing showed to be hard to repeat, and no client here writes it. So are
# a comment within a comment, which the engine allows, and a quoted name with a backslash: `\x66ile` is `file` to it.
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
    """Yields the tokens one by one, so a caller may stop where an INSERT's data begins."""
    for match in _TOKEN.finditer(sql):
        group = match.lastgroup
        if group and group != "skip":
            yield Token(_KINDS[group], match[0], match.start(), match.end())
