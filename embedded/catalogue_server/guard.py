"""Refuses SQL that leads out of the database: to files, to the network, or to code.

chDB has no users and no grants, and its SQL reads and writes any file that the process can. So the kind of a statement,
the functions that it calls and the engines that it names are checked before it runs. A name is refused if the engine
lists it as a table function or engine and it is not allowed here: names that a newer chDB adds are refused until they
are allowed. `sandbox.py` is the second line, in the kernel; docs/decisions/catalogue-sql-guard.md is the threat model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from embedded.catalogue_server.errors import Code, refusal
from embedded.catalogue_server.tokens import Kind, Token


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


STATEMENTS = _names(
    """
    SELECT WITH FROM INSERT SHOW DESCRIBE DESC EXISTS EXPLAIN CREATE REPLACE ALTER DROP UNDROP TRUNCATE RENAME
    EXCHANGE OPTIMIZE DELETE UPDATE USE SET CHECK KILL SYSTEM
    """
)
# The words that may follow CREATE, and the kinds of objects that may be created.
_CREATE_PREFIXES = frozenset({"OR", "REPLACE", "TEMPORARY", "MATERIALIZED"})
_CREATED = frozenset({"TABLE", "VIEW", "DATABASE"})
_SYSTEM = frozenset({"FLUSH", "START", "STOP", "WAIT", "SYNC", "DROP", "CLEAR"})
# Words of ALTER TABLE that move data to or from other places.
_ALTER_DENIED = frozenset({"ATTACH", "EXPORT", "FETCH", "FREEZE", "UNFREEZE", "DISK", "VOLUME", "SHARD"})

# Files of this machine, and two statements in one.
_PAIRS_DENIED = frozenset({("INTO", "OUTFILE"), ("FROM", "INFILE"), ("PARALLEL", "WITH")})

# They generate rows, or read tables of this database. `format` and `input` read no file but are refused: a DEFAULT in
# their structure, or an expression in their data, is SQL inside a string. (The scalar function `format` is harmless but
# looks the same, and is refused with it; `concat` replaces it.)
ALLOWED_TABLE_FUNCTIONS = _names(
    """
    dictionary generaterandom generateseries generate_series loop merge mergetreeanalyzeindexes
    mergetreeanalyzeindexesuuid mergetreecodecblockcounts mergetreeindex mergetreeprojection mergetreetextindex null
    numbers numbers_mt primes sqlstandardvalues values view viewifpermitted zeros zeros_mt
    """
)
ALLOWED_ENGINES = _names(
    """
    aggregatingmergetree alias atomic buffer coalescingmergetree collapsingmergetree generaterandom
    graphitemergetree join log materializedview memory merge mergetree null ordinary replacingmergetree set
    stripelog summingmergetree tinylog versionedcollapsingmergetree view
    """
)
# Functions that reach a file, a model or a library, and custom disks; the engine lists them nowhere.
_DENIED_ALWAYS = _names("file filesystem disk catboostevaluate modelevaluate executable python eval input format")
# Settings of free text can contain a path, an address, or SQL (`additional_result_filter`). These contain a name.
ALLOWED_TEXT_SETTINGS = _names(
    """
    compatibility count_distinct_implementation exclude_materialize_skip_indexes_on_insert force_data_skipping_indices
    force_optimize_projection_name ignore_data_skipping_indices insert_deduplication_token log_comment
    preferred_optimize_projection_name temporary_files_codec workload
    """
)
# A table's settings that choose its location.
_DENIED_TABLE_SETTINGS = frozenset({"disk", "storage_policy"})


@dataclass(frozen=True)
class EngineNames:
    """Names that the running engine lists, allowed or not."""

    outward_functions: Sequence[str]
    engines: Sequence[str]
    text_settings: Sequence[str]


class Guard:
    """Checks statements. Thread-safe."""

    def __init__(self, known: EngineNames) -> None:
        functions = {name.lower() for name in known.outward_functions} - ALLOWED_TABLE_FUNCTIONS
        self._settings = (set(known.text_settings) - ALLOWED_TEXT_SETTINGS) | _DENIED_TABLE_SETTINGS
        self._engines = frozenset(name.lower() for name in known.engines) - ALLOWED_ENGINES
        # The name of an engine is refused as a call, too: `ENGINE = File(…)` may not be the only place for one.
        self._calls = functions | (self._engines - ALLOWED_TABLE_FUNCTIONS) | _DENIED_ALWAYS

    def check_settings(self, names: Iterable[str]) -> None:
        """Refuse settings that were sent in addition to the SQL. Raises CatalogueError."""
        for name in names:
            if name.lower() in self._settings:
                raise refusal(Code.ACCESS_DENIED, f"The setting {name} cannot be changed here")

    def check(self, tokens: Sequence[Token]) -> None:
        """Raise CatalogueError unless the statement stays inside the database."""
        _check_single(tokens)
        _check_plain(tokens)
        _check_kind(tokens)
        self._check_calls(tokens)
        self._check_engines(tokens)
        _check_pairs(tokens)
        self.check_settings(_assigned_settings(tokens))

    def _check_calls(self, tokens: Sequence[Token]) -> None:
        for token, after in _pairs(tokens):
            name = token.identifier
            if after is not None and after.text == b"(" and name in self._calls:
                raise refusal(Code.ACCESS_DENIED, f"{name}(…) is not allowed here: it leaves the database")

    def _check_engines(self, tokens: Sequence[Token]) -> None:
        if not tokens or tokens[0].word not in {"CREATE", "REPLACE", "ALTER", "EXPLAIN"}:
            return
        for at, token in enumerate(tokens):
            if token.word == "ENGINE":
                named = [other for other in tokens[at + 1 : at + 3] if other.text != b"="]
                if named and (named[0].identifier in self._engines or named[0].text == b"{"):
                    raise refusal(Code.ACCESS_DENIED, "This table or database engine is not allowed here")


def _pairs(tokens: Sequence[Token]) -> Iterable[tuple[Token, Token | None]]:
    return zip_longest(tokens, tokens[1:])


def _assigned_settings(tokens: Sequence[Token]) -> Iterator[str]:
    """Names in `SET a = 1, b = 2`, `SETTINGS a = 1` and `MODIFY SETTING a = 1`.

    The end of a list is not determined: after its beginning any name between a comma and `=` counts as a setting.
    """
    in_list = False
    for before, name, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        begins = before.word in {"SET", "SETTING", "SETTINGS"}
        in_list = in_list or begins
        if after.text == b"=" and (begins or (in_list and before.text == b",")):
            yield name.identifier or ""


def _check_single(tokens: Sequence[Token]) -> None:
    for token, after in _pairs(tokens):
        if token.text == b";" and after is not None and after.text != b";":
            raise refusal(Code.SYNTAX_ERROR, "Multi-statements are not allowed")


def _check_plain(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.kind is Kind.OTHER:
            raise refusal(Code.SYNTAX_ERROR, f"Unexpected character at byte {token.start + 1}, or an open quote")


def _check_kind(tokens: Sequence[Token]) -> None:
    words = [token.word for token in tokens if token.text != b"("]
    first = words[0] if words else ""
    if first not in STATEMENTS:
        raise refusal(Code.SYNTAX_ERROR, "Syntax error, or a kind of statement that is not allowed here")
    if first == "EXPLAIN":
        # EXPLAIN does not run the query but resolves its table functions, which the other checks cover.
        return
    rest = words[1:]
    if first in {"CREATE", "REPLACE"}:
        _check_created(rest)
    elif first == "SYSTEM" and (not rest or rest[0] not in _SYSTEM):
        raise refusal(Code.ACCESS_DENIED, "This SYSTEM statement is not allowed here")
    elif first == "ALTER" and (rest[:1] not in (["TABLE"], ["TEMPORARY"]) or _ALTER_DENIED.intersection(rest)):
        raise refusal(Code.ACCESS_DENIED, "This ALTER statement is not allowed here")
    elif first == "INSERT" and next((word for word in rest if word not in {"INTO", "TABLE"}), "") == "FUNCTION":
        raise refusal(Code.ACCESS_DENIED, "INSERT INTO FUNCTION is not allowed here")


def _check_created(words: Sequence[str]) -> None:
    thing = next((word for word in words if word not in _CREATE_PREFIXES), "")
    if thing not in _CREATED:
        raise refusal(Code.ACCESS_DENIED, "Only tables, views and databases can be created here")


def _check_pairs(tokens: Sequence[Token]) -> None:
    for token, after in _pairs(tokens):
        pair = (token.word, after.word if after is not None else "")
        if pair in _PAIRS_DENIED:
            raise refusal(Code.ACCESS_DENIED, f"{' '.join(pair)} is not allowed here")
