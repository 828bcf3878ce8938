from __future__ import annotations

import numpy as np
import pytest

from models.progression.law.compiled_likelihood import rate_values
from models.progression.law.growth_law import GrowthLaw
from models.progression.law.law_fitting import choose_growth, rates_of
from models.progression.law.likelihood import (
    Observations,
    begun_densities,
    onset_slopes,
    rate_value,
)
from models.progression.training.margins import OnsetMargin

LAW = GrowthLaw(0.5, *rates_of("gamma", 2.2))


@pytest.fixture
def scans() -> Observations:
    rng = np.random.default_rng(4)
    first = np.where(rng.random(300) < 0.5, 0.0, rng.gamma(0.6, 300, 300))
    seen = np.where(rng.random(300) < 0.3, 0.0, 1 + first + rng.gamma(0.6, 80, 300))
    return Observations(first, seen, rng.uniform(1, 10, 300), rng.normal(28, 5, 300))


def test_the_compiled_likelihood_is_that_of_numpy(scans: Observations) -> None:
    margins = np.linspace(-1, 1, 300), np.linspace(-3, -1, 300)
    assert rate_values(LAW, scans, *margins) == pytest.approx(
        rate_value(LAW, scans, *margins), abs=0.01
    )


def test_the_slopes_in_the_log_hazard_are_those_of_the_likelihood(scans: Observations) -> None:
    zero = scans.take(scans.first == 0)
    rate, onset = np.zeros(len(zero)), np.linspace(-4, -1, len(zero))
    by_onset = begun_densities(LAW, zero, rate)
    value = OnsetMargin(LAW, zero, by_onset)
    found = onset_slopes(LAW, zero, by_onset, onset)
    step = 1e-4
    high, low = value(onset + step).value, value(onset - step).value
    assert found.first == pytest.approx((high - low) / (2 * step), abs=1e-5)
    curved = -(high - 2 * found.value + low) / step**2
    assert found.curvature == pytest.approx(curved, abs=1e-3)


def test_the_law_that_made_the_scans_is_found_again() -> None:
    rng = np.random.default_rng(8)
    n = 2500
    first, years = rng.gamma(0.7, 250, n) + 1, rng.uniform(1.5, 10, n)
    true = (np.sqrt(first) + 0.9 * rng.gamma(2.2, 1 / 2.2, n) * years) ** 2
    bmi = np.full(n, 28.0)
    from features.derivation.calcium_change import rescan_spread

    seen = np.maximum(true + rescan_spread(true, bmi) * rng.standard_normal(n), 0)
    law, level = choose_growth(Observations(first, seen, years, bmi))
    assert law.power == 0.5
    assert law.rates == pytest.approx(rates_of("gamma", 2.2)[0], rel=0.12, abs=0.02)
    assert level == pytest.approx(np.log(0.9), abs=0.05)
