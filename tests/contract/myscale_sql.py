"""Parses MyScale's statements as far as the stand-in needs: clauses, calls, settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from embedded.catalogue_server.errors import Code, refusal
from embedded.catalogue_server.tokens import Kind, Token, tokenize

_CLAUSES = ("SELECT", "FROM", "PREWHERE", "WHERE", "ORDER", "LIMIT", "SETTINGS", "FORMAT")


@dataclass(frozen=True)
class Distance:
    """One call of `distance('key=value', …)(column, query)`, and its position in bytes."""

    parameters: tuple[str, ...]
    column: str
    query: str
    start: int
    end: int


def words(sql: str) -> list[str]:
    """The statement's tokens; bare words in upper case."""
    return [token.word or token.text.decode() for token in tokenize(sql.encode())]


def named(sql: str, place: int) -> str:
    """The identifier at this token, without its quotes."""
    return bare(list(tokenize(sql.encode()))[place].text.decode())


def clauses(sql: str) -> dict[str, str]:
    """The text after each keyword of a plain SELECT, with subqueries left whole; absent clauses are left out."""
    encoded = sql.encode()
    found: list[tuple[str, int, int]] = []
    for token, depth in _with_depth(encoded):
        if depth == 0 and token.word in _CLAUSES:
            found.append((token.word, token.start, token.end))
    ends = [start for _, start, _ in found[1:]] + [len(encoded)]
    return {word: encoded[end:until].decode().strip() for (word, _, end), until in zip(found, ends, strict=True)}


def distances(text: str) -> list[Distance]:
    """The calls of `distance` in the text, at any depth."""
    encoded = text.encode()
    tokens = list(tokenize(encoded))
    found = []
    for at, token in enumerate(tokens[:-1]):
        if token.word != "DISTANCE" or tokens[at + 1].text != b"(":
            continue
        arguments, end = _arguments(encoded, tokens, at + 1)
        parameters: tuple[str, ...] = ()
        if end + 1 < len(tokens) and tokens[end + 1].text == b"(":
            parameters = tuple(unquoted(argument) for argument in arguments)
            arguments, end = _arguments(encoded, tokens, end + 1)
        if len(arguments) != 2:
            raise refusal(Code.SYNTAX_ERROR, "distance takes a column and a query vector")
        found.append(Distance(parameters, bare(arguments[0]), arguments[1], token.start, tokens[end].end))
    return found


def replaced(text: str, spans: list[tuple[int, int, str]]) -> str:
    """The text with each span of bytes replaced."""
    encoded = text.encode()
    for start, end, new in sorted(spans, reverse=True):
        encoded = encoded[:start] + new.encode() + encoded[end:]
    return encoded.decode()


def system_names(sql: str) -> Iterator[tuple[str, int, int]]:
    """Each `system.NAME` in the statement, and its position in bytes."""
    tokens = list(tokenize(sql.encode()))
    for first, dot, last in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if first.identifier == "system" and dot.text == b"." and last.identifier:
            yield last.identifier, first.start, last.end


def split(text: str) -> list[str]:
    """The parts between commas outside of brackets."""
    encoded = text.encode()
    cuts = [token for token, depth in _with_depth(encoded) if depth == 0 and token.text == b","]
    edges = [0, *(edge for cut in cuts for edge in (cut.start, cut.end)), len(encoded)]
    parts = [encoded[begin:end].decode().strip() for begin, end in zip(edges[::2], edges[1::2], strict=True)]
    return [part for part in parts if part]


def assignments(text: str) -> dict[str, str]:
    """`a = 1, b = 'x'` as a dictionary of texts without quotes."""
    pairs = (part.partition("=") for part in split(text))
    return {name.strip(): unquoted(value.strip()) for name, _, value in pairs}


def bare(name: str) -> str:
    """An identifier without its quotes."""
    return name.strip().strip('`"')


def unquoted(text: str) -> str:
    """A string literal's text; other text as it is."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text


def bracketed(sql: str, after: str = "") -> tuple[int, int]:
    """The bytes between the first bracket after the text `after` and the bracket that closes it."""
    encoded = sql.encode()
    begin = re.search(re.escape(after), sql, re.IGNORECASE)
    offset = len(sql[: begin.end()].encode()) if begin else 0
    tokens = [token for token in tokenize(encoded) if token.start >= offset]
    opening = next(at for at, token in enumerate(tokens) if token.text == b"(")
    _, end = _arguments(encoded, tokens, opening)
    return tokens[opening].end, tokens[end].start


def _with_depth(encoded: bytes) -> Iterator[tuple[Token, int]]:
    depth = 0
    for token in tokenize(encoded):
        depth -= token.text in (b")", b"]", b"}")
        yield token, depth
        depth += token.text in (b"(", b"[", b"{")


def _arguments(encoded: bytes, tokens: list[Token], opening: int) -> tuple[list[str], int]:
    """The arguments of a call with the bracket `tokens[opening]`, and the token of the bracket that closes it."""
    depth = 0
    for at in range(opening, len(tokens)):
        token = tokens[at]
        if token.kind is Kind.SIGN:
            depth += token.text in (b"(", b"[", b"{")
            depth -= token.text in (b")", b"]", b"}")
        if depth == 0:
            return split(encoded[tokens[opening].end : token.start].decode()), at
    raise refusal(Code.SYNTAX_ERROR, "A bracket is not closed")
