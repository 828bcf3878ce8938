from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.alternatives.comparison import (
    COSTS,
    mean_scores,
    paired_difference,
    rank_methods,
    timed_on_one_machine,
)


def test_the_interval_allows_for_training_patients_that_folds_share() -> None:
    first, second = np.array([0.7, 0.72, 0.74]), np.array([0.69, 0.70, 0.71])
    found = paired_difference(first, second, ratio=1 / 2)
    # gaps 0.01, 0.02, 0.03: variance 1e-4, times 1/3 + 1/2; t with 2 degrees of freedom is 4.303
    assert found.mean == pytest.approx(0.02)
    assert found.upper - found.mean == pytest.approx(4.302653 * np.sqrt((1 / 3 + 1 / 2) * 1e-4))
    assert found.n == 3


def test_one_fold_has_a_difference_and_no_interval() -> None:
    found = paired_difference(np.array([0.7]), np.array([0.6]), ratio=1 / 4)
    assert found.mean == pytest.approx(0.1)
    assert np.isnan(found.lower) and np.isnan(found.upper)


def test_ranks_are_those_of_demsars_worked_example() -> None:
    # Demsar 2006, table 6: AUC of C4.5 and three variants on 14 data sets
    table = pd.DataFrame(
        {
            "c45": [0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1.000, 0.940,
                    0.619, 0.972, 0.957],
            "m": [0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1.000, 0.962,
                  0.666, 0.981, 0.978],
            "cf": [0.771, 0.590, 0.968, 0.654, 0.886, 0.916, 0.609, 0.563, 0.866, 1.000, 0.965,
                   0.614, 0.9751, 0.946],
            "m_cf": [0.798, 0.569, 0.967, 0.657, 0.898, 0.931, 0.685, 0.625, 0.875, 1.000, 0.962,
                     0.669, 0.975, 0.970],
        }
    )  # fmt: skip
    found = rank_methods(table, higher_is_better=True)
    assert found.mean_ranks.to_dict() == pytest.approx(
        {"c45": 3.143, "m": 2.000, "cf": 2.893, "m_cf": 1.964}, abs=5e-4
    )
    assert found.critical_difference == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), rel=1e-3)
    # the paper's F of 3.69 on 3 and 39 degrees of freedom
    assert found.p_value == pytest.approx(0.0197, abs=5e-4)


def test_a_method_that_failed_in_a_cohort_ranks_last_there() -> None:
    table = pd.DataFrame({"a": [0.7, 0.7], "b": [0.6, 0.6], "c": [np.nan, 0.8]})
    ranks = rank_methods(table, higher_is_better=True).mean_ranks
    assert ranks.to_dict() == {"a": 1.5, "b": 2.5, "c": 2.0}


def test_one_failed_fold_leaves_the_method_without_a_score_in_the_cohort() -> None:
    cells = pd.DataFrame(
        {
            "cohort": ["x"] * 4,
            "method": ["a", "a", "b", "b"],
            "uno_c": [0.7, 0.8, 0.9, np.nan],
        }
    )
    scores = mean_scores(cells, "uno_c").loc["x"]
    assert scores["a"] == pytest.approx(0.75)
    assert np.isnan(scores["b"])


def test_times_are_compared_within_the_machine_that_most_cells_ran_on() -> None:
    costs = {name: [1.0, 2.0, 9.0] for name in COSTS}
    cells = pd.DataFrame({"machine": ["a", "a", "b"], "uno_c": [0.6, 0.7, 0.8], **costs})
    timed, machine = timed_on_one_machine(cells)
    assert machine == "a"
    assert timed["fit_cpu_seconds"].isna().tolist() == [False, False, True]
    # what a method predicts does not depend on where it ran
    assert timed["uno_c"].tolist() == [0.6, 0.7, 0.8]
