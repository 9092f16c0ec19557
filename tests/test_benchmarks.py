"""The benchmarks run; what they measure on a busy test machine is nobody's business."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("module", "options", "found"),
    [
        ("pipeline", "--tiny --images 80 --distinct 4 --loop-images 4", lambda told: len(told["stages"]) == 5),
        (
            "scaling",
            "--workers 1 2 --items 64 --lengths 128 --batch-seconds 0.01",
            lambda told: len(told["scaling"]) == 2,
        ),
        ("ledger_memory", "--items 300", lambda told: len(told) == 4),
    ],
)
def test_a_benchmark_runs_and_writes_its_figures(tmp_path, module, options, found):
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", f"benchmarks.{module}", *options.split(), "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert found(json.loads(file.read_text()))
