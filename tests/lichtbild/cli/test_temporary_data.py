"""The demo's temporary data folder: removed at the end and after a killed run, never during a run."""

import os
import tempfile
from pathlib import Path

import pytest

from embedded.data_folder import DataFolder
from lichtbild.cli.temporary_data import temporary_data


@pytest.fixture(autouse=True)
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def left_behind(root: Path, name: str, *, seconds_ago: int) -> Path:
    folder = root / f"lichtbild-demo-{name}"
    folder.mkdir()
    (folder / "lock").touch()
    then = folder.stat().st_mtime - seconds_ago
    os.utime(folder, (then, then))
    return folder


def test_the_folder_is_gone_afterwards() -> None:
    with temporary_data() as folder:
        (folder / "redis").mkdir()
        assert folder.stat().st_mode & 0o077 == 0

    assert not folder.exists()


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    abandoned = left_behind(tmp_path, "killed", seconds_ago=3600)
    starting = left_behind(tmp_path, "starting", seconds_ago=1)
    foreign = tmp_path / "lichtbild-demo-notes"
    foreign.mkdir()
    os.utime(foreign, (0, 0))

    with temporary_data():
        assert (abandoned.exists(), starting.exists(), foreign.exists()) == (False, True, True)


def test_the_folder_of_a_run_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    running = left_behind(tmp_path, "running", seconds_ago=3600)
    with DataFolder(running).locked():
        os.utime(running, (0, 0))
        with temporary_data():
            assert running.exists()
