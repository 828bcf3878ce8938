from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.alternatives.methods.curves import between_horizons
from benchmarks.alternatives.methods.method import Budget
from benchmarks.alternatives.methods.two_causes import TwoCauses
from features.array_types import FloatArray
from features.endpoint import Endpoint


class _ConstantHazard:
    """Knows only the rate of the cause it was fitted to: events by years lived."""

    def fit(self, X: pd.DataFrame, endpoint: Endpoint, times: FloatArray, budget: Budget) -> None:
        self.rate = endpoint.n_events / endpoint.time.sum()

    def predict_risk(self, X: pd.DataFrame, times: FloatArray) -> FloatArray:
        return np.tile(-np.expm1(-self.rate * times), (len(X), 1))


def test_two_constant_hazards_give_the_known_cumulative_incidence() -> None:
    endpoint = Endpoint(np.full(10, 5.0), np.array([1] * 3 + [2] * 1 + [0] * 6, np.int8))
    times = np.arange(1.0, 11.0)
    method = TwoCauses(_ConstantHazard)
    X = pd.DataFrame({"age": [50.0]})
    method.fit(X, endpoint, times, Budget())
    event, death = 3 / 50, 1 / 50
    total = event + death
    expected = event / total * -np.expm1(-total * times)
    np.testing.assert_allclose(method.predict_risk(X, times)[0], expected, rtol=1e-12)


def test_between_horizons_risk_rises_as_that_of_the_cohort_does() -> None:
    # one in ten has the event in each of four years: hazards 1/10, 1/9, 1/8, 1/7
    endpoint = Endpoint(
        np.array([1.0, 2.0, 3.0, 4.0] + [5.0] * 6), np.array([1] * 4 + [0] * 6, np.int8)
    )
    risks = between_horizons(
        np.array([2.0, 4.0]),
        np.array([[0.2, 0.4], [0.5, 0.5]]),
        endpoint,
        np.array([1.0, 2.0, 4.0]),
    )
    np.testing.assert_allclose(risks[:, 1:], [[0.2, 0.4], [0.5, 0.5]], atol=1e-9)
    half_way = np.log(0.9) / np.log(0.8)
    np.testing.assert_allclose(risks[0, 0], 1 - 0.8**half_way, atol=1e-9)
    np.testing.assert_allclose(risks[1, 0], 1 - 0.5**half_way, atol=1e-9)
