"""Translates a search by `distance()` into ClickHouse's SQL with MyScale's results."""

from __future__ import annotations

import re

from embedded.catalogue_server.errors import Code, refusal
from tests.contract.myscale_sql import Distance, assignments, bare, clauses, distances, replaced, split, words

_EXPRESSIONS = {"L2": "L2SquaredDistance", "COSINE": "cosineDistance", "IP": "dotProduct"}


def table_of(sql: str) -> str:
    """The table that is searched."""
    return _source(clauses(sql))[0]


def translated(sql: str, call: Distance, metric: str, searchable: str, window: int) -> str:
    """The search, which finds the top k of each part first. `searchable` is a condition on `_part`."""
    asked = clauses(sql)
    table, final = _source(asked)
    _check_order(asked, metric)
    _check_limit(asked, window)
    expression = f"{_EXPRESSIONS[metric]}({call.column}, CAST({call.query}, 'Array(Float32)'))"
    moved = not final or assignments(asked.get("SETTINGS", "")).get("optimize_move_to_prewhere_if_final") == "1"
    before, after = _filters(asked, moved)
    order = "DESC" if metric == "IP" else "ASC"
    top = asked["LIMIT"].replace("OFFSET", "+")
    candidates = (
        f"SELECT _part, _part_offset FROM `{table}` WHERE {before} AND {searchable}"
        f" ORDER BY {expression} {order} LIMIT {top} BY _part"
    )
    rest = "".join(f" {name} {asked[name]}" for name in ("LIMIT", "SETTINGS", "FORMAT") if asked.get(name))
    return (
        f"SELECT {_with_expression(asked['SELECT'], expression)} FROM `{table}`{' FINAL' if final else ''}"
        f" PREWHERE (_part, _part_offset) IN ({candidates}) WHERE {_with_expression(after, expression)}"
        f" ORDER {_with_expression(asked['ORDER'], expression)}{rest}"
    )


def _source(asked: dict[str, str]) -> tuple[str, bool]:
    match = re.fullmatch(r"(`?\w+`?)(\s+FINAL)?", asked.get("FROM", ""), re.IGNORECASE)
    if match is None or distances(asked.get("FROM", "")):
        raise refusal(Code.NOT_IMPLEMENTED, "The stand-in knows distance() on one table, outside of subqueries")
    final = match[2] is not None or assignments(asked.get("SETTINGS", "")).get("final") == "1"
    return bare(match[1]), final


def _check_order(asked: dict[str, str], metric: str) -> None:
    if "ORDER" not in asked:
        raise refusal(Code.SYNTAX_ERROR, "Not support distance function without ORDER BY clause")
    if "LIMIT" not in asked:
        raise refusal(Code.SYNTAX_ERROR, "Not support distance function without LIMIT clause")
    descending = words(split(asked["ORDER"])[0])[-1] == "DESC"
    if descending != (metric == "IP"):
        right = "DESC" if metric == "IP" else "ASC"
        raise refusal(Code.SYNTAX_ERROR, f"Use 'ORDER BY distance {right}' when the metric type is {metric}")


def _check_limit(asked: dict[str, str], window: int) -> None:
    match = re.fullmatch(r"(\d+)\s+OFFSET\s+(\d+)", asked["LIMIT"], re.IGNORECASE)
    if match and int(match[2]) and int(match[1]) + int(match[2]) > window:
        raise refusal(Code.BAD_ARGUMENTS, f"Sum of m and n in limit should not exceed {window}")


def _filters(asked: dict[str, str], moved: bool) -> tuple[str, str]:
    """The conditions that filter before the search, and those that filter its result."""
    where = asked.get("WHERE", "1")
    if "PREWHERE" in asked:
        return f"({asked['PREWHERE']})", f"({where})"
    after_all = distances(where) or re.search(r"\bdist(ance)?\b", where)
    return (f"({where})", "1") if moved and not after_all else ("1", f"({where})")


def _with_expression(text: str, expression: str) -> str:
    return replaced(text, [(call.start, call.end, f"toFloat32({expression})") for call in distances(text)])
