from __future__ import annotations

import numpy as np
import pytest

from features.errors import HorizonError
from models.evaluation.comparisons.ranking import compare_ranking
from models.evaluation.performance import evaluate_predictions
from tests.models.metrics.simulated import simulate


def test_the_lead_is_that_of_a_full_evaluation_with_the_same_seed() -> None:
    cohort = simulate(300, seed=12)
    truth = cohort.risk(8)
    noisy = np.clip(truth * np.exp(np.random.default_rng(0).normal(size=300)), 0, 0.99)
    risks = {"noisy": noisy[:, None], "truth": truth[:, None]}
    table = evaluate_predictions(cohort.endpoint, risks, (8,), 5, 40, "truth").differences
    row = table[table["metric"] == "c_index"].iloc[0]
    expected = (row["difference"], row["lower"], row["upper"])
    assert compare_ranking(cohort.endpoint, noisy, truth, 8, 5, 40) == pytest.approx(expected)


def test_the_same_risk_leads_by_nothing() -> None:
    cohort = simulate(50, seed=12)
    assert compare_ranking(cohort.endpoint, cohort.risk(8), cohort.risk(8), 8, 1, 5) == (0, 0, 0)


def test_beyond_follow_up_is_refused() -> None:
    cohort = simulate(20, seed=12)
    with pytest.raises(HorizonError):
        compare_ranking(cohort.endpoint, cohort.risk(8), cohort.risk(8), 800, 1, 5)
