from __future__ import annotations

import numpy as np
import pytest

from features.array_types import FloatArray
from models.evaluation.comparisons.instability import Instability, tabulate_instability

K, N = 10, 40_000


def draw_risks(spread: float, seed: int = 1) -> tuple[FloatArray, FloatArray]:
    """Risks (K, N) whose log cumulative hazards scatter by ``spread`` about true ones (N,)."""
    draws = np.random.default_rng(seed)
    true = draws.normal(-3.0, 1.0, N)
    found = true + spread * draws.normal(size=(K, N))
    return -np.expm1(-np.exp(found)), true


def test_models_that_agree_are_stable() -> None:
    risks, _ = draw_risks(0.0)
    found = Instability.of_folds(risks, 10.0)
    assert found.errors == pytest.approx(0.0, abs=1e-12)
    assert found.risk == pytest.approx(risks[0])
    assert found.changes(0.05).max() == 0.0


def test_the_spread_of_leave_one_fold_out_means_is_that_of_independent_means() -> None:
    # of a mean, where all is known: K means of all folds but one, and what independent samples give
    draws = np.random.default_rng(2)
    folds = draws.normal(size=(K, N))
    left_in = (folds.sum(axis=0) - folds) / (K - 1)
    found = Instability.of_folds(-np.expm1(-np.exp(left_in - 3.0)), 10.0)
    margins = np.log(-np.log1p(-found.refits))
    widened = np.sqrt(margins.var(axis=0).mean())
    assert widened == pytest.approx(1 / np.sqrt(K), rel=0.02)


def test_more_scatter_is_more_error_and_more_patients_cross_a_threshold() -> None:
    calm, wild = (Instability.of_folds(draw_risks(spread)[0], 10.0) for spread in (0.02, 0.1))
    assert wild.errors.mean() > 4 * calm.errors.mean()
    assert wild.changes(0.05).mean() > 3 * calm.changes(0.05).mean() > 0


def test_the_first_row_is_everybody_and_the_tenths_rise() -> None:
    table = tabulate_instability(Instability.of_folds(draw_risks(0.05)[0], 10.0), (0.05, 0.2))
    assert table["group"].tolist() == list(range(11))
    tenths = table.iloc[1:]
    assert tenths["risk"].is_monotonic_increasing
    assert table["error"][0] == pytest.approx(tenths["error"].mean())
    assert (tenths["lower"] < tenths["risk"]).all()
    assert (tenths["risk"] < tenths["upper"]).all()
    assert list(table.columns[-2:]) == ["changes_0.05", "changes_0.2"]


def test_two_models_say_nothing_of_stability() -> None:
    with pytest.raises(ValueError, match="3 models or more"):
        Instability.of_folds(np.full((2, 5), 0.1), 10.0)


def test_a_risk_of_nothing_is_a_risk() -> None:
    found = Instability.of_folds(np.zeros((3, 2)), 10.0)
    assert np.isfinite(found.refits).all()
    assert found.errors == pytest.approx(0.0)
