from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models import compilation
from models.learners.compiled_completion import standardise_block

ROOT = Path(__file__).parents[3]


def test_machine_code_is_kept_apart_for_each_state_of_all_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def folder() -> Path:
        return compilation.cache_folder.__wrapped__()

    for room in ("compiled", "learners"):
        (tmp_path / room).mkdir()
    called, own = tmp_path / "learners" / "called.py", tmp_path / "compilation.py"
    for path in (called, own):
        path.write_text("x = 1\n")
    monkeypatch.setattr(compilation, "__file__", str(own))
    first = folder()
    assert first == folder()
    assert first.parent == tmp_path / "__pycache__"
    called.write_text("x = 2\n")
    assert folder() != first
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path / "elsewhere"))
    assert folder().parent == tmp_path / "elsewhere"


def test_loops_are_kept_there() -> None:
    kept = Path(standardise_block._cache.cache_path)  # type: ignore[attr-defined]
    assert kept.is_relative_to(compilation.cache_folder())


COUNT = """
import numpy as np
from models.metrics.pair_counts import count_competing_before
starts, ones = np.arange(6), np.ones(5)
count_competing_before(starts, ones, starts[:5].copy(), ones)
print(sum(count_competing_before.stats.cache_misses.values()))
"""


@pytest.mark.slow
def test_of_processes_that_need_a_loop_at_once_one_compiles_it(tmp_path: Path) -> None:
    there = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", COUNT]
    at_once = [
        subprocess.Popen(command, cwd=ROOT, env=there, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [one.communicate()[0] for one in at_once]
    assert sorted(told) == ["0\n", "1\n"]


@pytest.mark.parametrize("is_folder", [True, False], ids=["no locks", "no folder"])
def test_where_nothing_can_be_locked_loops_are_compiled_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_folder: bool
) -> None:
    def double(x: float) -> float:
        return 2 * x

    def refuse(*_: object) -> None:
        raise OSError("no locks available")

    taken = tmp_path / "taken"
    if is_folder:
        monkeypatch.setattr("fcntl.flock", refuse)
    else:
        taken.write_text("a file stands where the folder would be")
    monkeypatch.setattr("models.compilation.cache_folder", lambda: taken / "loops")
    assert compilation.compiled()(double)(1.5) == 3.0
