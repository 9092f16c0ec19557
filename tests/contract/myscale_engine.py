"""Runs MyScale's statements on the embedded engine: checks MyScale's rules and translates to ClickHouse's SQL."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from embedded.catalogue_server.engine import Engine, Outcome
from embedded.catalogue_server.errors import CatalogueError, Code, refusal
from tests.contract.myscale_build import METRIC_SETTINGS, Build
from tests.contract.myscale_indexes import Indexes, VectorIndex, check_parameters, index_types
from tests.contract.myscale_queries import table_of, translated
from tests.contract.myscale_sql import (
    Distance,
    assignments,
    bare,
    bracketed,
    clauses,
    distances,
    named,
    replaced,
    split,
    system_names,
    unquoted,
    words,
)
from tests.contract.myscale_system_tables import EMPTY_VECTOR_INDICES, VECTOR_INDICES, relation

_CANCELLED = 394
_LOGICAL_ERROR = 49
_TOO_MANY_PARTS = 252
_UNKNOWN_SETTING = 115
_NUMBER_OF_ARGUMENTS = 42
_TABLE_SETTINGS = {*METRIC_SETTINGS, "min_rows_to_build_vector_index", "min_bytes_to_build_vector_index"}
# Vector search of newer ClickHouse, which the old base does not know.
_NEWER = re.compile(
    r"vector_similarity|bfloat16|qbit|\bvector_search_(filter|index|with|use)|hnsw_candidate|use_skip_indexes_if_final",
    re.IGNORECASE,
)
_MOST_PARTS = 20
Execute = Callable[[str], Outcome]


class MyScaleEngine(Engine):
    """Merges parts only beyond `_MOST_PARTS`, so that replaced rows stay next to the rows that replaced them."""

    def __init__(self, folder: Path, build: Build) -> None:
        super().__init__(folder)
        self.version = "23.3.2.1"
        self.build = build
        self.indexes = Indexes()
        self.cancellations = 0
        self.refused_inserts = 0
        self.read_only = False
        self.statements: list[tuple[str, dict[str, str]]] = []
        self._metrics: dict[str, str] = {}
        self._dimensions: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()
        self._column("CREATE DATABASE IF NOT EXISTS stand_in")
        self._column(f"CREATE TABLE IF NOT EXISTS {EMPTY_VECTOR_INDICES} ({VECTOR_INDICES}) ENGINE = Memory")

    def run(
        self,
        sql: bytes,
        output_format: str,
        *,
        parameters: Mapping[str, str],
        settings: Mapping[str, str],
        database: str | None,
        read_only: bool,
    ) -> Outcome:
        text = sql.decode()
        with self._lock:
            self.statements.append((text, dict(settings)))
        own, plain = ({}, dict(settings)) if self.build.stock else self._own_settings(settings)
        if not self.build.stock and any(map(_NEWER.search, [text, *plain])):
            raise refusal(Code.SYNTAX_ERROR, "This is newer than the base of this server")

        def execute(statement: str) -> Outcome:
            return super(MyScaleEngine, self).run(
                statement.encode(),
                output_format,
                parameters=parameters,
                settings=plain,
                database=database,
                read_only=read_only or self.read_only,
            )

        return execute(text) if self.build.stock else self._translate(text, words(text), own, execute)

    def _translate(self, text: str, seen: list[str], own: dict[str, str], execute: Execute) -> Outcome:
        if seen[:2] == ["CREATE", "TABLE"] and "MERGETREE" in "".join(seen).upper():
            return self._create(text, execute)
        if seen[:2] == ["ALTER", "TABLE"] and "VECTOR" in seen and not self.read_only:
            return self._alter(text, seen, execute)
        if seen[:5] == ["SYSTEM", "WAIT", "BUILDING", "VECTOR", "INDICES"]:
            return self._finish(named(text, 5), execute)
        if seen[:1] == ["SELECT"]:
            return execute(self._select(text, own))
        if seen[:2] == ["INSERT", "INTO"] and self.refused_inserts:
            self.refused_inserts -= 1
            raise _error(_TOO_MANY_PARTS, "TOO_MANY_PARTS", "Too many parts (300). Merges are slower than inserts.")
        outcome = execute(text)
        if seen[:2] == ["DROP", "TABLE"]:
            self._forget(named(text, 4 if seen[2] == "IF" else 2))
        if seen[:2] == ["INSERT", "INTO"]:
            self._merge_many(named(text, 2))
        self._seen_indexes()
        return outcome

    def _own_settings(self, settings: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """The settings that only MyScale has, and the rest."""
        names = self.build.search_settings()
        own = {name: value for name, value in settings.items() if name in names}
        return {**names, **own}, {name: value for name, value in settings.items() if name not in names}

    # --- definitions ---

    def _create(self, sql: str, execute: Execute) -> Outcome:
        table = named(sql, 5 if words(sql)[2] == "IF" else 2)
        begin, end = bracketed(sql)
        columns = split(sql.encode()[begin:end].decode())
        indexes = [column for column in columns if words(column)[:2] == ["VECTOR", "INDEX"]]
        kept = replaced(sql, [(begin, end, ", ".join(column for column in columns if column not in indexes))])
        kept, own = self._without_own_table_settings(kept)
        if not self.build.is_deleted_option and re.search(r"ReplacingMergeTree\s*\([^)]*,", kept):
            text = "With extended storage definition syntax storage ReplacingMergeTree requires 0 to 1 parameters"
            raise _error(_NUMBER_OF_ARGUMENTS, "NUMBER_OF_ARGUMENTS_DOESNT_MATCH", text)
        outcome = execute(kept)
        # No merges in the background; OPTIMIZE TABLE … FINAL still works.
        execute(f"ALTER TABLE `{table}` MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1")
        if self.build.metric_setting in own:
            self._metrics[table] = own[self.build.metric_setting].upper()
        for declaration in indexes:
            self._add(table, declaration)
        return outcome

    def _without_own_table_settings(self, sql: str) -> tuple[str, dict[str, str]]:
        match = re.search(r"\bSETTINGS\b(.*?)(?=\bCOMMENT\b|$)", sql, re.DOTALL)
        if match is None:
            return sql, {}
        given = assignments(match[1])
        unknown = set(given) & set(METRIC_SETTINGS) - {self.build.metric_setting}
        if unknown:
            raise _error(_UNKNOWN_SETTING, "UNKNOWN_SETTING", f"Unknown setting '{min(unknown)}'")
        plain = [part for part in split(match[1]) if part.partition("=")[0].strip() not in _TABLE_SETTINGS]
        own = {name: value for name, value in given.items() if name in _TABLE_SETTINGS}
        return sql[: match.start()] + (f"SETTINGS {', '.join(plain)} " if plain else "") + sql[match.end() :], own

    def _alter(self, sql: str, seen: list[str], execute: Execute) -> Outcome:
        table, action = named(sql, 2), seen[3:6]
        if action == ["ADD", "VECTOR", "INDEX"]:
            self._add(table, sql[re.search(r"\bVECTOR\s+INDEX\b", sql, re.IGNORECASE).start() :])  # type: ignore[union-attr]
        elif action == ["DROP", "VECTOR", "INDEX"]:
            self.indexes.drop(table, named(sql, 6))
        else:
            raise refusal(Code.SYNTAX_ERROR, "This ALTER of a vector index is not known")
        return execute("SELECT 1 WHERE 0")

    def _add(self, table: str, declaration: str) -> None:
        match = re.fullmatch(
            r"VECTOR\s+INDEX\s+(\S+)\s+(\S+)\s+TYPE\s+(\w+)\s*(?:\((.*)\))?\s*", declaration, re.IGNORECASE | re.DOTALL
        )
        if match is None:
            raise refusal(Code.SYNTAX_ERROR, "Expected VECTOR INDEX name column TYPE type('key=value', …)")
        name, column, kind = bare(match[1]), bare(match[2]), match[3].upper()
        given = check_parameters(
            [unquoted(part) for part in split(match[4] or "")], kind, index_types(self.build.cloud)
        )
        self._check_column(table, column)
        metric = given.get("metric_type")
        index = VectorIndex(table, name, column, kind, f"{name} {column} TYPE {kind}", metric and metric.upper())
        self.indexes.add(index)
        self._see(index)

    def _check_column(self, table: str, column: str) -> None:
        if (table, column) in self._dimensions:
            return
        kinds = self._column(
            f"SELECT type FROM system.columns WHERE database = 'default' AND table = '{table}' AND name = '{column}'"
        )
        if kinds != ["Array(Float32)"]:
            raise refusal(Code.BAD_ARGUMENTS, "The element type inside the array must be 'Float32'.")
        (created,) = self._column(
            f"SELECT create_table_query FROM system.tables WHERE database = 'default' AND name = '{table}'"
        )
        length = re.search(rf"CHECK length\({column}\) = (\d+)", created)
        if length is None:
            raise refusal(
                Code.BAD_ARGUMENTS,
                f"Cannot create table with column '{column}' which type is 'Array(Float32)' because the constraint "
                "information was not defined during the creation of a vector index for the column.",
            )
        self._dimensions[table, column] = int(length[1])

    def _finish(self, table: str, execute: Execute) -> Outcome:
        index = self.indexes.of(table)
        if index is not None:
            self._see(index, finish=True)
        return execute("SELECT 1 WHERE 0")

    def _seen_indexes(self) -> list[VectorIndex]:
        """All indexes, with the current parts."""
        for index in self.indexes.all():
            self._see(index)
        return self.indexes.all()

    def _see(self, index: VectorIndex, finish: bool = False) -> None:
        parts = self._column(
            f"SELECT name FROM system.parts WHERE database = 'default' AND table = '{index.table}' AND active"
        )
        self.indexes.see(index, parts, finish)

    def _forget(self, table: str) -> None:
        self.indexes.forget(table)
        self._metrics.pop(table, None)
        self._dimensions = {key: size for key, size in self._dimensions.items() if key[0] != table}

    def _merge_many(self, table: str) -> None:
        """Merge a table of many parts, as a server does sooner or later; it would become slow."""
        counted = f"SELECT count() FROM system.parts WHERE database = 'default' AND table = '{table}' AND active"
        if int(self._column(counted)[0]) > _MOST_PARTS:
            self._column(f"OPTIMIZE TABLE `{table}` FINAL")

    # --- queries ---

    def _select(self, sql: str, own: dict[str, str]) -> str:
        sql, inline = self._without_own_settings(sql)
        own = {**own, **inline}
        sql = replaced(
            sql,
            [(start, end, self._relation(name)) for name, start, end in system_names(sql)],
        )
        sql = re.sub(r"\bversion\(\)", f"'{self.version}'", sql)
        calls = distances(sql)
        if not calls:
            return sql
        if self.cancellations:
            self.cancellations -= 1
            raise _error(_CANCELLED, "QUERY_WAS_CANCELLED", "Query was cancelled.")
        return self._vector_search(sql, calls, own)

    def _without_own_settings(self, sql: str) -> tuple[str, dict[str, str]]:
        given = clauses(sql).get("SETTINGS", "")
        own = {n: v for n, v in assignments(given).items() if n in self.build.search_settings()}
        if not own:
            return sql, {}
        plain = ", ".join(part for part in split(given) if part.partition("=")[0].strip() not in own)
        return re.sub(r"\bSETTINGS\s+" + re.escape(given), f"SETTINGS {plain}" if plain else "", sql), own

    def _relation(self, name: str) -> str:
        return relation(name, self.build, self._seen_indexes() if name == "vector_indices" else ())

    def _vector_search(self, sql: str, calls: list[Distance], own: dict[str, str]) -> str:
        table = table_of(sql)
        index = self.indexes.of(table)
        if len({(call.parameters, call.column, call.query) for call in calls}) > 1:
            raise refusal(Code.NOT_IMPLEMENTED, "The stand-in knows one distance a query")
        self._check_call(calls[0], table, index)
        metric = "L2" if self.build.ignores_metrics else self._metric(table, index)
        return translated(sql, calls[0], metric, self._searchable(index, own), int(own["max_search_result_window"]))

    def _check_call(self, call: Distance, table: str, index: VectorIndex | None) -> None:
        known = (table, call.column) in self._dimensions
        if known or self._column(f"SELECT 1 FROM system.tables WHERE database = 'default' AND name = '{table}'"):
            self._check_column(table, call.column)
        if index is not None and call.parameters:
            check_parameters(call.parameters, index.kind, index_types(self.build.cloud))
        if call.query.startswith("["):
            if not re.search(r"[.eE]", call.query):
                raise refusal(Code.BAD_ARGUMENTS, "The query vector is an Array(UInt64), not Array(Float32)")
            self._check_dimension(len(split(call.query[1:-1])), self._dimensions.get((table, call.column)))
        elif call.query.startswith("{") and not self.build.bound_vectors:
            raise refusal(Code.BAD_ARGUMENTS, "The query vector must be a literal or a subquery")

    def _check_dimension(self, given: int, expected: int | None) -> None:
        if expected is not None and given != expected:
            raise _error(_LOGICAL_ERROR, "LOGICAL_ERROR", f"Wrong dimension: {given}, search index needs {expected}")

    def _metric(self, table: str, index: VectorIndex | None) -> str:
        """The index's metric, else the table's, else L2."""
        return (index.metric if index else None) or self._metrics.get(table, "L2")

    def _searchable(self, index: VectorIndex | None, own: dict[str, str]) -> str:
        """A condition that excludes parts without a finished index, unless the search asks for brute force."""
        if own.get("enable_brute_force_vector_search", "1") == "1":  # older builds always did
            return "1"
        if index is None:
            return "0"
        self._see(index)
        return f"_part IN ({', '.join(repr(part) for part in sorted(index.built))})" if index.built else "0"


def _error(code: int, name: str, text: str) -> CatalogueError:
    return CatalogueError(code, f"Code: {code}. DB::Exception: {text} ({name})")
