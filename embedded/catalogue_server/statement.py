"""Finds the end of the SQL of an INSERT, where its data begins, and the format of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from embedded.catalogue_server.tokens import Token, tokenize

_RETURNS_ROWS = frozenset({"SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK"})


@dataclass(frozen=True)
class InsertHead:
    """`INSERT INTO … FORMAT X` without its data, which begins at byte `data_start`."""

    sql: bytes
    source_at: int
    data_start: int
    tokens: tuple[Token, ...]

    def reading(self, path: str) -> bytes:
        """The same INSERT with a file for its data. The path is ours and contains no quotes."""
        return self.sql[: self.source_at] + f" FROM INFILE '{path}' ".encode() + self.sql[self.source_at :]


def split_insert(text: bytes) -> InsertHead | None:
    """The head of an INSERT whose data follows a FORMAT; None if all of `text` is SQL.

    Data in the format Values counts as SQL: the engine evaluates expressions in it.
    """
    seen: list[Token] = []
    source_at: int | None = None
    depth = 0
    for token in tokenize(text):
        seen.append(token)
        if seen[0].word != "INSERT":
            return None
        depth += (token.text == b"(") - (token.text == b")")
        if depth or len(seen) < 3:
            continue
        if token.word in {"SELECT", "WITH", "VALUES", "FROM"}:
            return None
        if token.word in {"SETTINGS", "FORMAT"} and source_at is None:
            source_at = token.start
        if seen[-2].word == "FORMAT" and source_at is not None:
            if token.word in {"", "VALUES"}:
                return None
            return InsertHead(text[: token.end], source_at, _data_start(text, token.end), tuple(seen))
    return None


def _data_start(text: bytes, at: int) -> int:
    """Where the data begins, by the engine's rule: after blanks and at most one line end."""
    while text[at : at + 1] in (b" ", b"\t", b"\f"):
        at += 1
    if text[at : at + 1] == b"\r":
        at += 1
    return at + 1 if text[at : at + 1] == b"\n" else at


def returns_rows(tokens: Sequence[Token]) -> bool:
    """Whether the statement returns a set of rows, even an empty one."""
    first = next((token.word for token in tokens if token.text != b"("), "")
    return first in _RETURNS_ROWS


def named_format(tokens: Sequence[Token]) -> str | None:
    """The format in the statement: the last `FORMAT name` outside of parentheses."""
    found = None
    depth = 0
    for token, after in pairwise(tokens):
        depth += (token.text == b"(") - (token.text == b")")
        if depth == 0 and token.word == "FORMAT" and after.word:
            found = after.text.decode()
    return found
