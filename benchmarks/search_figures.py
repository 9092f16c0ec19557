"""What the search benchmark finds, whether it is what was asked for, and how it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.report import table

STAGES = ("queue", "encode", "search")
MOST_OVERHEAD_MS = 10.0
LEAST_OF_STAGES = 0.7
LEAST_GAIN = 2.5
MOST_SLOWER = 3.0
MOST_WAITING_MB = 150.0


@dataclass(frozen=True)
class Load:
    """So many clients, each again as soon as it has its answer. Stages are medians, core-milliseconds per search;
    `others_cores` were busy with other work meanwhile."""

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
    """One stage by itself, asked by so many threads; `per_second` counts what succeeded."""

    clients: int
    p50_ms: float
    p95_ms: float
    per_second: float
    failed: int = 0


@dataclass(frozen=True)
class Idle:
    """Clients that wait: errors among them and the one that works, and the API's memory before and with them."""

    clients: int
    errors: int
    megabytes_before: float
    megabytes: float
    woken_seconds: float
    working: Load


@dataclass(frozen=True)
class Submitted:
    """Searches taken and refused per second where nobody waits for them."""

    taken_per_second: float
    refused_per_second: float
    failed: int


@dataclass(frozen=True)
class Bar:
    """Something that was asked for; `value` and `bound` as they are told."""

    name: str
    value: str
    bound: str
    is_met: bool


def bars(loads: Sequence[Load], alone: Mapping[str, Sequence[Alone]], idle: Idle) -> list[Bar]:
    """Of texts over exact scans, and where there are any, of texts over the index: these are only told."""
    found = [*_bars_of_texts("idle", "exact", loads, alone), *_beside_ingest(loads)]
    grown = idle.megabytes - idle.megabytes_before
    found.append(Bar(f"errors with {idle.clients} waiting clients", str(idle.errors), "0", idle.errors == 0))
    found.append(Bar("their memory", f"{grown:.0f} MB", f"< {MOST_WAITING_MB:g} MB", grown < MOST_WAITING_MB))
    if "indexed" in alone:
        found += _bars_of_texts("indexed", "indexed", loads, alone)
    return found


def _bars_of_texts(when: str, way: str, loads: Sequence[Load], alone: Mapping[str, Sequence[Alone]]) -> list[Bar]:
    by_clients = {load.clients: load for load in loads if (load.when, load.kind) == (when, "text")}
    one, many = by_clients[min(by_clients)], by_clients[max(by_clients)]
    encode, search = ({stage.clients: stage for stage in alone[name]} for name in ("text", way))
    overhead = one.p50_ms - encode[one.clients].p50_ms - search[one.clients].p50_ms
    both = 1 / (1 / encode[many.clients].per_second + 1 / search[many.clients].per_second)
    share, gain = many.per_second / both, many.per_second / one.per_second
    return [
        Bar(
            f"{way}: p50 over encode + database",
            f"{overhead:.1f} ms",
            f"<= {MOST_OVERHEAD_MS:g} ms",
            overhead <= MOST_OVERHEAD_MS,
        ),
        Bar(
            f"{way}: QPS of {many.clients} clients, of encode and database in turn",
            f"{share:.2f}",
            f">= {LEAST_OF_STAGES}",
            share >= LEAST_OF_STAGES,
        ),
        Bar(
            f"{way}: QPS of {many.clients} clients to that of {one.clients}",
            f"{gain:.2f}",
            f">= {LEAST_GAIN}",
            gain >= LEAST_GAIN,
        ),
    ]


def _beside_ingest(loads: Sequence[Load]) -> list[Bar]:
    idle = {(load.kind, load.clients): load for load in loads if load.when == "idle"}
    found = []
    for load in loads:
        if load.when == "ingest":
            ratio = load.p95_ms / idle[load.kind, load.clients].p95_ms
            name = f"p95 during an ingest to idle, {load.kind}, {load.clients} clients"
            found.append(Bar(name, f"{ratio:.2f}", f"<= {MOST_SLOWER:g}", ratio <= MOST_SLOWER))
    return found


def print_figures(figures: Mapping[str, Any]) -> None:
    """As tables; the bars last."""
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
        "others",
    ]
    print(table(header, map(_load_cells, figures["loads"])))
    print("\nAlone\n")
    alone = (_alone_cells(name, one) for name, found in figures["alone"].items() for one in found)
    print(table(["", "clients", "p50 ms", "p95 ms", "QPS", "failed"], alone))
    idle, submitted = figures["waiting"], figures["submitted"]
    print(
        f"\n{figures['ingested_per_second']:.1f} images/s were ingested beside the searches."
        f"\n{idle.clients} waiting clients: {idle.errors} errors; the API took {idle.megabytes_before:.0f} MB before"
        f" and {idle.megabytes:.0f} MB with them; all were answered {idle.woken_seconds:.2f} s after their job's end;"
        f" p50 of one that searched beside them {idle.working.p50_ms:.1f} ms, p95 {idle.working.p95_ms:.1f} ms."
        f"\nSearches submitted without waiting: {submitted.taken_per_second:.0f}/s taken,"
        f" {submitted.refused_per_second:.0f}/s refused, {submitted.failed} failed.\n"
    )
    verdicts = ((bar.name, bar.value, bar.bound, "pass" if bar.is_met else "FAIL") for bar in figures["bars"])
    print(table(["", "measured", "asked for", ""], verdicts))


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
