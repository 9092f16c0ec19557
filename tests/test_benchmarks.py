"""The benchmarks run, and their statistics are correct. Figures of a busy test machine are not checked."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.clip_like import combined, make_space, photos, texts
from benchmarks.closed_loop import closed_loop
from benchmarks.fusion import METHODS, REFERENCE, Similarities, first_ranks
from benchmarks.relevance import area_under_curve
from benchmarks.search_figures import Alone, Idle, Load, judge
from benchmarks.stored_bytes import stored_bytes

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("module", "options", "is_complete"),
    [
        ("pipeline", "--tiny --images 80 --distinct 4 --loop-images 4", lambda figures: len(figures["stages"]) == 5),
        (
            "scaling",
            "--workers 1 2 --items 64 --lengths 128 --batch-seconds 0.01",
            lambda figures: len(figures["scaling"]) == 2,
        ),
        (
            "thumbnails",
            "--tiny --pictures 1 --images 8 --sides 400",
            lambda figures: [line["kilobytes"] > 0 for line in figures] == [True],
        ),
        ("ledger_memory", "--items 300", lambda figures: len(figures) == 4),
        (
            "fusion",
            "--scenes 40 --queries 4 --galleries 1 --tuning 1 --weights 0.4 0.6",
            lambda figures: len(figures["chosen"]) == len(METHODS),
        ),
        (
            "relevance",
            "--scenes 60 --queries 4 --galleries 1 --tuning 1",
            lambda figures: all(0 <= line["auc"]["all texts"] <= 1 for line in figures["signals"]),
        ),
        (
            "catalogue",
            "--sizes 400 --seconds 0.2 --queries 5",
            lambda figures: all(set(speed["recall"].values()) == {1.0} for speed in figures["speeds"]),
        ),
        (
            "search",
            "--tiny --rows 200 --seconds 0.3 --clients 1 4 --waiting 10 --distinct 2 --longest 64",
            lambda figures: len(figures["loads"]) == 18 and figures["waiting"]["errors"] == 0,
        ),
    ],
)
def test_a_benchmark_runs_and_writes_its_figures(tmp_path, module, options, is_complete):
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", f"benchmarks.{module}", *options.split(), "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert is_complete(json.loads(file.read_text()))


def test_clip_like_vectors_lie_in_two_cones():
    space = make_space(5_000)
    stored, asked = photos(space, 5_000, seed=1), texts(space, 100, seed=2)
    for vectors in (stored, asked, combined(space, 10, seed=3)):
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (stored[:2000] @ stored[2000:4000].T).mean() == pytest.approx(0.5, abs=0.03)
    assert (asked[:50] @ asked[50:].T).mean() == pytest.approx(0.75, abs=0.03)
    across = asked @ stored.T
    assert across.mean() == pytest.approx(0.17, abs=0.03)
    assert across.max(axis=1).mean() == pytest.approx(0.35, abs=0.05)
    np.testing.assert_array_equal(photos(space, 10, seed=4), photos(space, 10, seed=4))
    assert not np.allclose(photos(space, 10, seed=4), photos(space, 10, seed=5))


def test_ties_count_half_in_the_rank_of_the_first_target():
    scores = np.array([[0.9, 0.8, 0.7, 0.6], [0.5, 0.5, 0.5, 0.1]], np.float32)
    right = np.array([[False, False, True, True], [False, True, False, False]])
    assert first_ranks(scores, right).tolist() == [3.0, 2.0]


def test_slerp_ranks_like_the_mean_at_equal_weights():
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(52, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    photo, text, stored = vectors[:1], vectors[1:2], vectors[2:]
    found = Similarities(photo @ stored.T, text @ stored.T, (photo @ text.T)[0])
    orders = [np.argsort(METHODS[name](found, 0.5)).tolist() for name in (REFERENCE, "slerp")]
    assert orders[0] == orders[1]
    fused = photo[0] + text[0]
    assert np.argsort(stored @ fused).tolist() == orders[0][0]


def test_auc_is_the_probability_that_a_match_scores_higher():
    assert area_under_curve(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 1.0
    assert area_under_curve(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 0.0
    assert area_under_curve(np.array([1.0, 3.0]), np.array([2.0])) == 0.5
    assert area_under_curve(np.array([2.0]), np.array([2.0])) == 0.5


def test_replaced_parts_do_not_count_as_stored(tmp_path):
    table = tmp_path / "store" / "abc"
    for part, size in {"all_1_1_0": 10, "all_2_2_0": 10, "all_1_2_1": 7, "all_1_2_1_3": 5, "all_4_4_0": 3}.items():
        (table / part).mkdir(parents=True)
        (table / part / "data.bin").write_bytes(b"x" * size)
    (table / "all_4_4_0" / "skp_idx_vector.vidx").write_bytes(b"x" * 100)
    assert stored_bytes(tmp_path) == (5 + 3, 100)


def test_a_closed_loop_uses_each_turn_once_and_raises_the_first_error():
    done = closed_loop(lambda turn: turn, clients=3, seconds=0.01)
    assert sorted(done.results) == [(turn, turn) for turn in range(len(done.results))]
    assert len(done.results) >= 3
    assert len(closed_loop(lambda turn: turn, clients=3, seconds=0.0, at_least=20).results) >= 20
    with pytest.raises(ZeroDivisionError):
        closed_loop(lambda turn: 1 // (turn - 4), clients=2, seconds=60)


def _load(when: str, kind: str, clients: int, p50: float, p95: float, per_second: float) -> Load:
    return Load(when, kind, clients, 100, 0, 0, p50, p95, p95, per_second, {}, {}, 0.0)


def test_goals_are_judged_by_the_measured_values():
    loads = [
        _load("idle", "text", 1, 30.0, 40.0, 30.0),
        _load("idle", "text", 64, 800.0, 900.0, 75.0),
        _load("ingest", "text", 1, 60.0, 120.0, 15.0),
        _load("ingest", "text", 64, 900.0, 3000.0, 60.0),
    ]
    alone = {
        "text": [Alone(1, 10.0, 12.0, 100.0), Alone(64, 0.0, 0.0, 300.0)],
        "exact": [Alone(1, 12.0, 14.0, 80.0), Alone(64, 0.0, 0.0, 150.0)],
    }
    idle = Idle(500, 0, 100.0, 260.0, 0.1, loads[0])
    judged = {goal.value: goal.is_met for goal in judge(loads, alone, idle)}
    assert judged == {
        "8.0 ms": True,
        "0.75": True,
        "2.50": True,
        "3.00": True,
        "3.33": False,
        "0": True,
        "160 MB": False,
    }
    slower = [replace(loads[0], p50_ms=33.0), *loads[1:]]
    assert not next(goal.is_met for goal in judge(slower, alone, idle))
