from __future__ import annotations

import numpy as np
import pytest

from features.array_types import FloatArray
from models.evaluation.oracle import FIGURES, compare_with_truth
from tests.models.metrics.simulated import simulate


def test_a_model_is_measured_against_the_true_risk() -> None:
    cohort = simulate(400, seed=41)
    truth = np.column_stack([cohort.risk(5), cohort.risk(10)])
    risks = {"oracle": truth, "high": truth + 0.02, "blind": np.full((400, 2), 0.2)}
    table = compare_with_truth(cohort.endpoint, risks, truth, (5, 10))

    def column(model: str, name: str) -> FloatArray:
        return table.loc[table["model"] == model, name].to_numpy(np.float64)

    assert column("oracle", "c_index_gap").tolist() == [0, 0]
    assert column("oracle", "rmse").tolist() == [0, 0]
    assert column("high", "rmse") == pytest.approx([0.02, 0.02])
    expected = (truth.mean(axis=0) + 0.02) / truth.mean(axis=0)
    assert column("high", "mean_ratio") == pytest.approx(expected)
    oracle = column("oracle", "c_index")
    assert column("blind", "c_index_gap") == pytest.approx(oracle - 0.5)


def test_figures_beside_the_truth_have_intervals_and_the_gap_a_paired_one() -> None:
    cohort = simulate(600, seed=42)
    truth = cohort.risk(8)[:, None]
    noise = np.exp(0.8 * np.random.default_rng(0).normal(size=(600, 1)))
    risks = {"noisy": np.clip(truth * noise, 0, 0.99)}
    (row,) = compare_with_truth(cohort.endpoint, risks, truth, (8,), 1, 60).to_dict("records")
    for name in FIGURES:
        assert row[f"{name}_lower"] < row[name] < row[f"{name}_upper"]
    assert row["c_index_gap_lower"] > 0
    widths = {name: row[f"{name}_upper"] - row[f"{name}_lower"] for name in FIGURES}
    # unpaired, the gap would vary by as much as both together
    assert widths["c_index_gap"] < np.hypot(widths["c_index"], widths["oracle_c_index"])


def test_truth_of_another_shape_is_refused() -> None:
    cohort = simulate(20, seed=1)
    with pytest.raises(ValueError, match="the truth"):
        compare_with_truth(cohort.endpoint, {"m": np.zeros((20, 1))}, np.zeros((20, 2)), (5,))
