from __future__ import annotations

import numpy as np
import pytest

from features.endpoint import Endpoint
from features.errors import TooFewEventsError
from models.evaluation.recalibration import fit_recalibration
from models.metrics.aalen_johansen import observed_risk
from models.metrics.follow_up import FollowUp
from models.risk.absolute_risk import CompetingRisksLink, FixedHorizonLink
from models.risk.baseline import Baseline
from tests.models.metrics.simulated import simulate

# the hazards by which `simulate` draws, known to 40 years
KNOTS = np.array([0.0, 40.0])
TRUE = CompetingRisksLink(Baseline(KNOTS, np.array([[0.0, 0.03 * 40], [0.0, 0.03 * 40]])))


def test_a_model_that_is_right_is_left_as_it_is() -> None:
    cohort = simulate(6000, seed=91)
    margins = np.column_stack([0.9 * cohort.margin, np.zeros(6000)])
    fitted = fit_recalibration(margins, TRUE, cohort.endpoint)
    table = fitted.to_frame()
    assert table["parameter"].tolist() == ["intercept", "slope", "competing_intercept"]
    ideal = np.array([0, 1, 0])
    assert (table["lower"].to_numpy() < ideal).all()
    assert (ideal < table["upper"].to_numpy()).all()


def test_hazards_and_spread_that_were_wrong_are_put_right() -> None:
    cohort = simulate(6000, seed=92)
    halved = CompetingRisksLink(Baseline(KNOTS, np.array([[0, 0.6], [0, 2.4]])))
    margins = np.column_stack([1.8 * cohort.margin, np.zeros(6000)])
    fitted = fit_recalibration(margins, halved, cohort.endpoint)
    # 2,000 events: standard errors near 0.025
    assert fitted.intercept == pytest.approx(np.log(2), abs=0.1)
    assert fitted.slope == pytest.approx(0.5, abs=0.05)
    assert fitted.competing == pytest.approx(-np.log(2), abs=0.1)
    risk = fitted.risk(margins, halved, (8.0,))[:, 0]
    assert risk.mean() == pytest.approx(observed_risk(FollowUp.of(cohort.endpoint), 8), abs=0.01)
    assert risk == pytest.approx(cohort.risk(8), abs=0.03)


def test_a_yes_or_no_cohort_is_recalibrated_on_the_logit() -> None:
    rng = np.random.default_rng(3)
    margin = rng.normal(size=5000)
    risk = 1 / (1 + np.exp(-(-1 + 0.5 * margin)))
    event = (rng.random(5000) < risk).astype(np.int8)
    link = FixedHorizonLink(5.0, -2.0)
    endpoint = Endpoint(np.full(5000, 5.0), event, 5.0)
    fitted = fit_recalibration(margin[:, None], link, endpoint)
    assert fitted.intercept == pytest.approx(1, abs=0.12)
    assert fitted.slope == pytest.approx(0.5, abs=0.12)
    assert fitted.risk(margin[:, None], link, (5.0,))[:, 0].mean() == pytest.approx(event.mean())


def test_too_few_events_are_refused() -> None:
    cohort = simulate(30, seed=93)
    with pytest.raises(TooFewEventsError, match="Recalibration would rest on"):
        fit_recalibration(np.zeros((30, 2)), TRUE, cohort.endpoint)
