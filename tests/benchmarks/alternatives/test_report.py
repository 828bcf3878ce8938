from __future__ import annotations

import re
from itertools import product

import pandas as pd
import pytest

from benchmarks.alternatives.report import PAGE, _fill, comparable, current
from benchmarks.alternatives.ruler import ruler
from benchmarks.alternatives.tables import difference_table, score_table


def _cells(run: dict[str, list[str]], n_folds: int = 2) -> pd.DataFrame:
    """A cell per fold of each method on its cohorts; the figure tells methods and folds apart."""
    rows = [
        {
            "cohort": cohort,
            "method": method,
            "repeat": 0,
            "fold": fold,
            "code": f"{method} now",
            "data": "same",
            "ruler": ruler(),
            "n_fit": 80,
            "n_judge": 20,
            "uno_c": 0.7 + 0.02 * place + 0.01 * fold,
            "error": "",
        }
        for place, (method, cohorts) in enumerate(run.items())
        for cohort, fold in product(cohorts, range(n_folds))
    ]
    return pd.DataFrame(rows)


def test_cells_of_other_code_other_data_or_other_metrics_are_left_out() -> None:
    cells = _cells({"calcirisk": ["x", "y"]})
    cells.loc[0, "code"] = "calcirisk of yesterday"
    cells.loc[3, "data"] = "other"
    cells.loc[1, "ruler"] = "of yesterday"
    extra = pd.concat([cells, cells[cells["cohort"] == "y"].iloc[:1]])
    kept = current(extra, {"calcirisk": "calcirisk now"})
    assert sorted(kept["cohort"] + kept["fold"].astype(str)) == ["y0", "y0"]


def test_a_simulated_cohort_has_other_data_in_every_repeat() -> None:
    first = _cells({"calcirisk": ["simulated-200"]})
    second = first.assign(repeat=1, data="of the second repeat")
    kept = current(pd.concat([first, second]), {"calcirisk": "calcirisk now"})
    assert sorted(kept["repeat"]) == [0, 0, 1, 1]


def test_ranks_compare_methods_on_cohorts_that_all_of_them_were_run_on() -> None:
    cells = _cells({"calcirisk": ["x", "y", "z"], "ridge-cox": ["x", "y"], "forest": ["x"]})
    kept = comparable(cells, n_folds=2, least_share=2 / 3)
    assert set(kept["method"]) == {"calcirisk", "ridge-cox"}
    assert set(kept["cohort"]) == {"x", "y"}
    with_slow_ones = comparable(cells, n_folds=2, least_share=1 / 3)
    assert set(with_slow_ones["method"]) == {"calcirisk", "ridge-cox", "forest"}
    assert set(with_slow_ones["cohort"]) == {"x"}


def test_ranks_compare_methods_in_the_repeats_that_all_of_them_were_run_in() -> None:
    once = _cells({"calcirisk": ["x", "y"], "ridge-cox": ["x", "y"]})
    again = _cells({"calcirisk": ["x", "y"], "ridge-cox": ["y"]}).assign(repeat=1)
    kept = comparable(pd.concat([once, again]), n_folds=2, least_share=2 / 3)
    assert set(zip(kept["cohort"], kept["repeat"], strict=True)) == {("x", 0), ("y", 0), ("y", 1)}


def test_a_cohort_with_a_fold_to_come_is_not_yet_compared() -> None:
    cells = _cells({"calcirisk": ["x", "y", "z"], "ridge-cox": ["x", "y", "z"]}).drop(index=0)
    assert set(comparable(cells, 2, least_share=2 / 3)["cohort"]) == {"y", "z"}


def test_a_failed_fold_leaves_a_dash_and_the_best_is_bold() -> None:
    cells = _cells({"calcirisk": ["gbsg2"], "ridge-cox": ["gbsg2"], "forest": ["gbsg2"]})
    failed = cells["method"] == "forest"
    cells["uno_c"] = cells["uno_c"].mask(failed)
    cells["error"] = cells["error"].mask(failed, "time")
    assert score_table(cells, "uno_c").splitlines()[-1] == "| gbsg2 | 0.7050 | **0.7250** | - |"


def test_differences_are_ours_less_the_other_and_say_on_how_many_cohorts() -> None:
    cells = _cells({"calcirisk": ["gbsg2", "uis"], "ridge-cox": ["gbsg2", "uis"]})
    row = difference_table(cells, "uno_c").splitlines()[-1]
    assert row == "| ridge Cox | 2 | -0.0200 | -0.0200 to -0.0200 | 0 | 2 |"


def test_a_page_without_a_marker_is_refused_and_the_rest_of_it_is_kept() -> None:
    page = "before\n<!-- a: begin -->\nold\n<!-- a: end -->\nafter\n"
    filled = "before\n<!-- a: begin -->\n\nnew\n\n<!-- a: end -->\nafter\n"
    assert _fill(page, {"a": "new"}) == filled
    assert _fill(filled, {"a": "new"}) == filled
    with pytest.raises(ValueError, match="no marker b"):
        _fill(page, {"b": "new"})


def test_every_figure_that_the_page_shows_is_there() -> None:
    shown = re.findall(r"\]\((images/[^)]+)\)", PAGE.read_text(encoding="utf-8"))
    assert len(shown) == 4
    assert all((PAGE.parent / name).is_file() for name in shown)
