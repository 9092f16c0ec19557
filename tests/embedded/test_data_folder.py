"""The data folder: private, with lasting passwords, and locked by one stack at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.data_folder import DataFolder, FolderInUseError


def test_folder_and_passwords_are_private_and_stay(tmp_path: Path) -> None:
    first = DataFolder(tmp_path / "data").password("redis")
    text = first.read_text()

    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert first.stat().st_mode & 0o777 == 0o600
    assert len(text) >= 32
    assert DataFolder(tmp_path / "data").password("redis").read_text() == text
    assert DataFolder(tmp_path / "data").password("catalogue").read_text() != text


def test_a_second_stack_gets_an_error_that_names_the_first_one(tmp_path: Path) -> None:
    with (
        DataFolder(tmp_path).locked(),
        pytest.raises(FolderInUseError, match=f"process {os.getpid()}"),
        DataFolder(tmp_path).locked(),
    ):
        pass

    with DataFolder(tmp_path).locked():
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_a_killed_stack_holds_no_lock(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from embedded.data_folder import DataFolder\n"
        "with DataFolder(Path(sys.argv[1])).locked(): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)

    with DataFolder(tmp_path).locked():
        pass
