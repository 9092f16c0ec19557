"""The number of cores that this process may use, by its CPU affinity and control groups."""

import os
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/")


def available_cores(root: Path = _ROOT) -> int:
    """At least 1. Half a core counts as one, because a waiting thread costs less than an idle core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, round(min([float(cores), *_quotas(root)])))


def _quotas(root: Path) -> Iterator[float]:
    """Core limits of the control groups (v2 and v1) from this process' own up to the root."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "cpu", "cpu,cpuacct"):
            continue
        top = root / "sys/fs/cgroup" / controllers
        group = top / path.lstrip("/")
        while group.is_relative_to(top):
            yield from _quota(group)
            group = group.parent


def _quota(group: Path) -> Iterator[float]:
    one_file = _read(group / "cpu.max").split()
    quota, period = one_file or (_read(group / "cpu.cfs_quota_us").strip(), _read(group / "cpu.cfs_period_us").strip())
    if quota.isdecimal() and period.isdecimal() and int(period) > 0:
        yield int(quota) / int(period)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
