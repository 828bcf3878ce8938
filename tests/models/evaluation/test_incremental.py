from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.comparisons.incremental import measure_steps
from tests.models.metrics.simulated import simulate


def test_each_step_is_compared_with_the_one_before_on_the_same_patients() -> None:
    cohort = simulate(400, seed=61)
    flat = np.random.default_rng(1).permutation(cohort.risk(8))
    risks = {"clinical": flat, "+ calcium": cohort.risk(8), "+ morphology": cohort.risk(8)}
    table = measure_steps(cohort.endpoint, risks, 8, 1, 40)
    c_index = table[table["metric"] == "c_index"]
    assert c_index["groups"].tolist() == list(risks)
    assert c_index["step"].tolist() == [1, 2, 3]
    estimate, gain = (c_index[name].to_numpy() for name in ("estimate", "gain"))
    assert np.isnan(gain[0])
    assert gain[1] == pytest.approx(estimate[1] - estimate[0])
    assert c_index["gain_lower"].to_numpy()[1] > 0
    # the same risks add nothing, in no resample
    last = c_index[["gain", "gain_lower", "gain_upper"]].to_numpy()[2]
    assert last.tolist() == [0, 0, 0]
