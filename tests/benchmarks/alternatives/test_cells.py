from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost

from benchmarks.alternatives import registry, running
from benchmarks.alternatives.cells import Limits, cell_path, divide, is_done, run_cell
from benchmarks.alternatives.cohort import BenchmarkCohort
from benchmarks.alternatives.comparison import read_cells
from benchmarks.alternatives.registry import BY_NAME, Entry
from benchmarks.alternatives.running import Errand
from benchmarks.alternatives.simulated import HORIZON, load_simulated
from features.endpoint import Endpoint

pytestmark = pytest.mark.slow

LIMITS = Limits(cpu_seconds=60, n_trials=2, n_folds=3)


@pytest.fixture(scope="module")
def tiny() -> BenchmarkCohort:
    draws = np.random.default_rng(3)
    features = pd.DataFrame(draws.normal(size=(300, 3)), columns=["age", "calcium", "noise"])
    life = draws.exponential(np.exp(-features["age"] - features["calcium"]))
    censoring = draws.exponential(2.0, 300)
    endpoint = Endpoint(np.minimum(life, censoring), (life <= censoring).astype(np.int8))
    features.loc[:30, "calcium"] = np.nan
    times = np.quantile(endpoint.time, [0.2, 0.4, 0.6, 0.8])
    return BenchmarkCohort("tiny", features, endpoint, times, (times[1], times[3]))


@pytest.fixture(scope="module")
def finished(tiny: BenchmarkCohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a ridge Cox that was run in every fold; copy it before changing it."""
    folder = tmp_path_factory.mktemp("cells")
    _run_all(folder, tiny, BY_NAME["ridge-cox"])
    return folder


def _run_all(folder: Path, cohort: BenchmarkCohort, entry: Entry, jobs: int = 1) -> list[str]:
    errands = [Errand(folder, "tiny", entry.name, 0, fold, LIMITS) for fold in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "load", lambda *_: cohort)
        return [line for line in running._work_off(errands, jobs) if line]


def test_methods_are_run_once_in_every_fold_and_never_again(
    tiny: BenchmarkCohort, finished: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    assert _run_all(tmp_path, tiny, BY_NAME["ridge-cox"]) == []
    assert len(_run_all(tmp_path, tiny, BY_NAME["calcirisk"])) == 3
    cells = read_cells(tmp_path)
    assert sorted(cells["fold"]) == [0, 0, 1, 1, 2, 2]
    assert (cells["error"] == "").all()
    assert cells["uno_c"].between(0.65, 0.95).all()
    assert cells["n_judge"].sum() == 2 * 300
    assert (cells["fit_cpu_seconds"] > 0).all()


def test_a_run_that_was_stopped_goes_on_with_the_cells_that_are_missing(
    tiny: BenchmarkCohort, finished: Path, tmp_path: Path
) -> None:
    entry = BY_NAME["ridge-cox"]
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    gone = cell_path(tmp_path, "tiny", entry.name, 0, 1)
    gone.rename(gone.with_suffix(".part"))  # what a kill in the middle of writing leaves
    again = _run_all(tmp_path, tiny, entry)
    assert [line.split(":")[0] for line in again] == ["tiny ridge-cox 0-1"]


def test_cells_run_two_at_a_time_are_the_same_cells(
    tiny: BenchmarkCohort, finished: Path, tmp_path: Path
) -> None:
    lines = _run_all(tmp_path, tiny, BY_NAME["ridge-cox"], jobs=2)
    assert [line.split(":")[0] for line in lines] == [f"tiny ridge-cox 0-{n}" for n in range(3)]
    one_at_a_time, two = read_cells(finished), read_cells(tmp_path)
    figures = ["fold", "uno_c", "integrated_brier", "ici_median", "error", "machine"]
    pd.testing.assert_frame_equal(one_at_a_time[figures], two[figures])
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".json"}


def test_a_cell_that_another_run_is_working_on_is_left_to_it(
    tiny: BenchmarkCohort, tmp_path: Path
) -> None:
    entry = BY_NAME["ridge-cox"]
    with running._claim(cell_path(tmp_path, "tiny", entry.name, 0, 1)) as is_ours:
        assert is_ours
        begun = _run_all(tmp_path, tiny, entry)
    assert [line.split(":")[0] for line in begun] == ["tiny ridge-cox 0-0", "tiny ridge-cox 0-2"]
    assert len(_run_all(tmp_path, tiny, entry)) == 1


def test_a_cell_is_run_again_when_code_data_or_trials_have_changed(
    tiny: BenchmarkCohort, finished: Path, tmp_path: Path
) -> None:
    entry = BY_NAME["ridge-cox"]
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    path = cell_path(tmp_path, "tiny", entry.name, 0, 0)
    assert is_done(path, tiny, entry, LIMITS)
    assert not is_done(path, tiny, entry, Limits(60, n_trials=3, n_folds=3))
    other = BenchmarkCohort("tiny", -tiny.features, tiny.endpoint, tiny.times, tiny.horizons)
    assert not is_done(path, other, entry, LIMITS)
    changed = json.loads(path.read_text()) | {"code": "of yesterday"}
    path.write_text(json.dumps(changed))
    assert not is_done(path, tiny, entry, LIMITS)


@dataclass(frozen=True)
class _Stubborn:
    """Fits for ever, asks for too much, or fails: what libraries do."""

    how: str

    def fit(self, *_: object) -> None:
        while self.how == "loop":
            time.process_time()
        if self.how == "memory":
            np.ones(2**31)
        raise ArithmeticError("singular matrix")


class _StubbornEntry(Entry):
    def make(self, competing_event: bool) -> Any:
        return _Stubborn(self.settings["how"])


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("loop", "time: more than 1 s of one processor"),
        ("memory", "memory: more than 4 GiB"),
        ("error", "ArithmeticError: singular matrix"),
    ],
)
def test_a_failure_is_kept_with_its_error_and_counted(
    how: str,
    said: str,
    tiny: BenchmarkCohort,
    tmp_path: Path,
) -> None:
    usual = vars(BY_NAME["ridge-cox"])
    entry = _StubbornEntry(**(usual | {"settings": {"how": how}}))
    limits = Limits(cpu_seconds=1, memory_gib=4, n_trials=2, n_folds=3)
    path = cell_path(tmp_path, "tiny", entry.name, 0, 0)
    part = next(divide(tiny, 0, 3))
    run_cell(path, tiny, part, entry, limits)
    (row,) = read_cells(tmp_path).to_dict("records")
    assert row["error"] == said
    assert is_done(path, tiny, entry, limits)
    # more time, and it deserves another try
    assert not is_done(path, tiny, entry, Limits(2, 4, 2, 3))


def test_a_cell_ends_though_something_was_fitted_in_this_process_before(
    tiny: BenchmarkCohort, tmp_path: Path
) -> None:
    matrix = xgboost.QuantileDMatrix(tiny.features, tiny.endpoint.time, nthread=2)
    xgboost.train({"nthread": 2, "seed": 1}, matrix, 2)
    assert len(_run_all(tmp_path, tiny, BY_NAME["calcirisk"])) == 3


def test_a_repeat_divides_the_patients_anew_and_each_is_judged_once(tiny: BenchmarkCohort) -> None:
    first, second = (list(divide(tiny, repeat, 3)) for repeat in (0, 1))
    assert [part.fold for part in first] == [0, 1, 2]
    assert sum(len(part.judge[1]) for part in first) == 300
    assert not np.array_equal(first[0].judge[1].time, second[0].judge[1].time)


def test_the_simulated_cohort_is_judged_on_other_patients_of_known_risk() -> None:
    cohort = load_simulated(200, repeat=1, n_test=300)
    (part,) = divide(cohort, 1, 5)
    assert len(part.fit[1]) == 200
    assert len(part.judge[1]) == 300
    assert cohort.truth is not None and cohort.truth.shape == (300,)
    assert cohort.times[-1] == HORIZON
    assert list(part.judge[0]) == list(part.fit[0])


def test_comments_do_not_make_cells_invalid_but_code_does(tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in ("one.py", "two.py", "three.py"))
    one.write_text('"""Once."""\nx = 1\n')
    two.write_text('"""Twice."""\n# said better\nx = 1\n')
    three.write_text('"""Once."""\nx = 2\n')
    assert registry._code(one) == registry._code(two)
    assert registry._code(one) != registry._code(three)
