"""How many cores there are, where a container was given fewer than its machine has."""

import os

import pytest

from worker.model.cpu_quota import available_cores


def group(root, path: str, **files: str) -> None:
    folder = root / "sys/fs/cgroup" / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Sixteen cores, and no quota."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    (tmp_path / "proc/self").mkdir(parents=True)
    return tmp_path


def test_without_a_quota_all_cores_of_the_affinity_count(machine):
    assert available_cores(machine) == 16
    (machine / "proc/self/cgroup").write_text("0::/\n")
    group(machine, "", cpu__max="max 100000\n")
    assert available_cores(machine) == 16


@pytest.mark.parametrize(
    ("quota", "cores"), [("400000", 4), ("150000", 2), ("50000", 1), ("10000", 1), ("9900000", 16)]
)
def test_a_quota_of_version_2_counts(machine, quota, cores):
    (machine / "proc/self/cgroup").write_text("0::/\n")
    group(machine, "", cpu__max=f"{quota} 100000\n")
    assert available_cores(machine) == cores


def test_the_smallest_quota_on_the_way_up_counts(machine):
    (machine / "proc/self/cgroup").write_text("0::/pods/one/box\n")
    group(machine, "pods/one/box", cpu__max="max 100000\n")
    group(machine, "pods/one", cpu__max="300000 100000\n")
    group(machine, "pods", cpu__max="800000 100000\n")
    assert available_cores(machine) == 3


def test_a_quota_of_version_1_counts(machine):
    (machine / "proc/self/cgroup").write_text("12:pids:/a\n3:cpu,cpuacct:/docker/x\n1:name=systemd:/\n")
    group(machine, "cpu,cpuacct/docker/x", cpu__cfs_quota_us="200000\n", cpu__cfs_period_us="100000\n")
    group(machine, "cpu,cpuacct", cpu__cfs_quota_us="-1\n", cpu__cfs_period_us="100000\n")
    assert available_cores(machine) == 2
