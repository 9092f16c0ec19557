"""Figures of the search benchmark, the goals they are compared with, and the printed tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.report import table

STAGES = ("queue", "encode", "search")
# Goals: p50 beyond encoding and database; QPS as a share of both stages in series; QPS of many clients to that of one;
# p95 during an ingest to idle p95; memory of the waiting clients.
MAX_OVERHEAD_MS = 10.0
MIN_SHARE_OF_STAGES = 0.7
MIN_SPEEDUP = 2.5
MAX_SLOWDOWN = 3.0
MAX_WAITING_MB = 150.0


@dataclass(frozen=True)
class Load:
    """Searches of `clients` clients in a closed loop.

    `stages` are median milliseconds; `core_ms` is the processor time per search, by process; `others_cores` is the
    number of cores that unrelated processes used meanwhile.
    """

    when: str
    kind: str
    clients: int
    answers: int
    refused: int
    failed: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    per_second: float
    stages: Mapping[str, float]
    core_ms: Mapping[str, float]
    others_cores: float


@dataclass(frozen=True)
class Alone:
    """One stage alone, called by `clients` threads. `per_second` counts successful calls."""

    clients: int
    p50_ms: float
    p95_ms: float
    per_second: float
    failed: int = 0


@dataclass(frozen=True)
class Idle:
    """Waiting clients: errors, API memory before and with them, seconds until all are answered, and a search load."""

    clients: int
    errors: int
    megabytes_before: float
    megabytes: float
    woken_seconds: float
    working: Load


@dataclass(frozen=True)
class Submitted:
    """Searches accepted and refused per second when clients do not wait for answers."""

    accepted_per_second: float
    refused_per_second: float
    failed: int


@dataclass(frozen=True)
class Goal:
    """A goal, with the measured value and the bound as printed."""

    name: str
    value: str
    bound: str
    is_met: bool


def judge(loads: Sequence[Load], alone: Mapping[str, Sequence[Alone]], idle: Idle) -> list[Goal]:
    """Compare the figures with the goals, for text searches by exact scan and, if measured, by the index."""
    found = [*_text_goals("idle", "exact", loads, alone), *_ingest_goals(loads)]
    grown = idle.megabytes - idle.megabytes_before
    found.append(Goal(f"errors with {idle.clients} waiting clients", str(idle.errors), "0", idle.errors == 0))
    found.append(Goal("their memory in the API", f"{grown:.0f} MB", f"< {MAX_WAITING_MB:g} MB", grown < MAX_WAITING_MB))
    if "indexed" in alone:
        found += _text_goals("indexed", "indexed", loads, alone)
    return found


def _text_goals(when: str, method: str, loads: Sequence[Load], alone: Mapping[str, Sequence[Alone]]) -> list[Goal]:
    by_clients = {load.clients: load for load in loads if (load.when, load.kind) == (when, "text")}
    one, many = by_clients[min(by_clients)], by_clients[max(by_clients)]
    encode, search = ({stage.clients: stage for stage in alone[name]} for name in ("text", method))
    overhead = one.p50_ms - encode[one.clients].p50_ms - search[one.clients].p50_ms
    both = 1 / (1 / encode[many.clients].per_second + 1 / search[many.clients].per_second)
    share, speedup = many.per_second / both, many.per_second / one.per_second
    return [
        Goal(
            f"{method}: p50 beyond encode + database",
            f"{overhead:.1f} ms",
            f"<= {MAX_OVERHEAD_MS:g} ms",
            overhead <= MAX_OVERHEAD_MS,
        ),
        Goal(
            f"{method}: QPS of {many.clients} clients / QPS of encode and database in series",
            f"{share:.2f}",
            f">= {MIN_SHARE_OF_STAGES}",
            share >= MIN_SHARE_OF_STAGES,
        ),
        Goal(
            f"{method}: QPS of {many.clients} clients / QPS of {one.clients}",
            f"{speedup:.2f}",
            f">= {MIN_SPEEDUP}",
            speedup >= MIN_SPEEDUP,
        ),
    ]


def _ingest_goals(loads: Sequence[Load]) -> list[Goal]:
    idle = {(load.kind, load.clients): load for load in loads if load.when == "idle"}
    found = []
    for load in loads:
        if load.when == "ingest":
            ratio = load.p95_ms / idle[load.kind, load.clients].p95_ms
            name = f"p95 during an ingest / p95 idle, {load.kind}, {load.clients} clients"
            found.append(Goal(name, f"{ratio:.2f}", f"<= {MAX_SLOWDOWN:g}", ratio <= MAX_SLOWDOWN))
    return found


def print_figures(figures: Mapping[str, Any]) -> None:
    """Print all tables, the goals last."""
    facts = ", ".join(f"{name} {value}" for name, value in figures["encoder"].items())
    print(f"{figures['rows']:,} rows; {facts}\n")
    header = [
        "",
        "clients",
        "answers",
        "429",
        "failed",
        "p50 ms",
        "p95",
        "p99",
        "QPS",
        *STAGES,
        "rest",
        "core-ms",
        "others' cores",
    ]
    print(table(header, map(_load_cells, figures["loads"])))
    print("\nEach stage alone\n")
    alone = (_alone_cells(name, one) for name, found in figures["alone"].items() for one in found)
    print(table(["", "clients", "p50 ms", "p95 ms", "QPS", "failed"], alone))
    idle, submitted = figures["waiting"], figures["submitted"]
    print(
        f"\nIngest during the searches: {figures['ingested_per_second']:.1f} images/s."
        f"\n{idle.clients} waiting clients: {idle.errors} errors; API memory {idle.megabytes_before:.0f} MB before"
        f" and {idle.megabytes:.0f} MB with them; all answered {idle.woken_seconds:.2f} s after the end of their job;"
        f" one searching client meanwhile: p50 {idle.working.p50_ms:.1f} ms, p95 {idle.working.p95_ms:.1f} ms."
        f"\nSearches submitted without waiting: {submitted.accepted_per_second:.0f}/s accepted,"
        f" {submitted.refused_per_second:.0f}/s refused, {submitted.failed} failed.\n"
    )
    goals = ((goal.name, goal.value, goal.bound, "met" if goal.is_met else "NOT MET") for goal in figures["goals"])
    print(table(["", "measured", "goal", ""], goals))


def _load_cells(one: Load) -> list[str]:
    times = [f"{value:.1f}" for value in (one.p50_ms, one.p95_ms, one.p99_ms, one.per_second, *one.stages.values())]
    counts = [str(count) for count in (one.clients, one.answers, one.refused, one.failed)]
    return [f"{one.when}, {one.kind}", *counts, *times, f"{sum(one.core_ms.values()):.1f}", f"{one.others_cores:.2f}"]


def _alone_cells(name: str, one: Alone) -> list[str]:
    return [
        name,
        str(one.clients),
        *(f"{value:.1f}" for value in (one.p50_ms, one.p95_ms, one.per_second)),
        str(one.failed),
    ]
