"""The output of processes: labelled lines on the terminal, bounded log files."""

import io
import os
from pathlib import Path

import pytest

from embedded.output import Output


def test_lines_carry_the_name_of_their_process_and_are_kept_in_files(tmp_path: Path) -> None:
    terminal = io.StringIO()
    output = Output(tmp_path, terminal)
    output.log("search-1")
    read, write = os.pipe()

    thread = output.log("api").follow(os.fdopen(read, "rb"))
    os.write(write, b"one\ntw\xffo\nthree")
    os.close(write)
    thread.join()
    output.close()

    assert terminal.getvalue() == "api      | one\napi      | tw\ufffdo\napi      | three\n"
    assert (tmp_path / "api.log").read_text() == "one\ntw\ufffdo\nthree\n"


def test_log_files_stay_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded.output._FILE_BYTES", 1000)
    output = Output(tmp_path, None)

    for number in range(1000):
        output.log("a").write(f"line {number}")
    output.close()

    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2000
    assert (tmp_path / "a.log").read_text().endswith("line 999\n")
