"""Ridge-penalised Cox regression beside independent implementations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from sksurv.linear_model import CoxPHSurvivalAnalysis

from features.endpoint import EVENT
from models.learners.partial_likelihood import (
    RiskSets,
    information,
    log_likelihood,
    residuals,
)
from models.learners.penalised_cox import fit_penalised_cox
from models.learners.prior import Gaussian
from tests.models.conftest import draw_cohort


def _standardised(n_patients: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    X, endpoint = draw_cohort(n_patients, seed)
    values = X.to_numpy()
    terms = (values - values.mean(axis=0)) / values.std(axis=0)
    return terms, endpoint.time, endpoint.event == EVENT


def _ridge(terms: np.ndarray, sets: RiskSets, penalty: float) -> Gaussian:
    return Gaussian.ridge(terms.shape[1], penalty * sets.n_events)


def test_three_patients_give_the_partial_likelihood_written_out() -> None:
    time, occurred = np.array([1.0, 2.0, 3.0]), np.array([True, True, False])
    margin = np.array([0.5, -0.2, 0.1])
    e = np.exp(margin)
    expected = np.log(e[0] / e.sum()) + np.log(e[1] / (e[1] + e[2]))
    assert log_likelihood(RiskSets(time, occurred), margin) == pytest.approx(expected, abs=1e-14)


def test_ties_are_treated_as_breslow_did() -> None:
    time, occurred = np.array([1.0, 1.0, 1.0, 2.0]), np.array([True, True, False, True])
    margin = np.array([0.3, -0.1, 0.4, 0.0])
    expected = margin[0] + margin[1] - 2 * np.log(np.exp(margin).sum()) + 0.0
    assert log_likelihood(RiskSets(time, occurred), margin) == pytest.approx(expected, abs=1e-14)


def test_margins_far_apart_have_a_likelihood_all_the_same() -> None:
    time, occurred = np.array([1.0, 2.0, 3.0]), np.array([True, True, False])
    margin = np.array([2_000.0, -1_000.0, -500.0])
    # the first event is certain, the second is beaten by exp(500)
    expected = 0.0 + (-1_000.0 - -500.0)
    assert log_likelihood(RiskSets(time, occurred), margin) == pytest.approx(expected)


def test_residuals_are_the_derivative_of_the_likelihood_and_information_theirs() -> None:
    terms, time, occurred = _standardised(300, seed=2)
    sets, beta, step = RiskSets(np.ceil(time), occurred), np.full(terms.shape[1], 0.2), 1e-6
    derivative = terms.T @ residuals(sets, terms @ beta)
    curvature = information(sets, terms, terms @ beta)
    for position in range(terms.shape[1]):
        moved = np.zeros_like(beta)
        moved[position] = step
        margins = [terms @ (beta + s * moved) for s in (1, -1)]
        up, down = (log_likelihood(sets, margin) for margin in margins)
        assert derivative[position] == pytest.approx((up - down) / (2 * step), abs=1e-3)
        steeper, flatter = (terms.T @ residuals(sets, margin) for margin in margins)
        assert -curvature[position] == pytest.approx((steeper - flatter) / (2 * step), abs=1e-3)


def test_who_does_not_count_changes_nothing() -> None:
    terms, time, occurred = _standardised(300, seed=7)
    rows = np.arange(300)[np.arange(300) % 3 != 1]
    some, alone = RiskSets(time, occurred, rows), RiskSets(time[rows], occurred[rows])
    margin = terms @ np.full(terms.shape[1], 0.3)
    assert log_likelihood(some, margin) == log_likelihood(alone, margin[rows])
    assert residuals(some, margin)[rows] == pytest.approx(residuals(alone, margin[rows]))
    assert not residuals(some, margin)[1::3].any()
    prior = _ridge(terms, some, 0.1)
    ours, _ = fit_penalised_cox(terms, some, prior)
    theirs, _ = fit_penalised_cox(terms[rows], alone, prior)
    assert ours == pytest.approx(theirs, abs=1e-9)


def test_a_prior_is_in_the_units_of_its_terms() -> None:
    terms, time, occurred = _standardised(400, seed=8)
    sets, scale = RiskSets(time, occurred), np.linspace(0.2, 2.0, terms.shape[1])
    prior = _ridge(terms, sets, 0.1)
    scaled = Gaussian(prior.mean, prior.precision / np.outer(scale, scale))
    ours, _ = fit_penalised_cox(terms, sets, scaled)
    theirs, _ = fit_penalised_cox(terms * scale, sets, prior)
    assert ours == pytest.approx(theirs * scale, abs=1e-7)


def test_a_term_that_is_left_out_is_as_if_it_were_not_there() -> None:
    terms, time, occurred = _standardised(400, seed=9)
    sets = RiskSets(time, occurred)
    left_out = np.arange(terms.shape[1]) == 1
    prior = _ridge(terms, sets, 0.1)
    start = np.ones(terms.shape[1])
    ours, _ = fit_penalised_cox(terms, sets, prior, start, left_out=left_out)
    fewer = terms[:, ~left_out]
    assert ours[1] == 0.0
    assert ours[~left_out] == pytest.approx(
        fit_penalised_cox(fewer, sets, _ridge(fewer, sets, 0.1))[0], abs=1e-7
    )


def test_with_a_narrow_prior_the_data_are_not_heard_and_with_a_wide_one_the_prior_is_not() -> None:
    terms, time, occurred = _standardised(400, seed=10)
    sets, mean = RiskSets(time, occurred), np.full(terms.shape[1], 0.7)
    narrow, _ = fit_penalised_cox(terms, sets, Gaussian(mean, 1e8 * np.eye(len(mean))))
    assert narrow == pytest.approx(mean, abs=1e-4)
    wide, _ = fit_penalised_cox(terms, sets, Gaussian(mean, 1e-8 * np.eye(len(mean))))
    free, _ = fit_penalised_cox(terms, sets, _ridge(terms, sets, 1e-12))
    assert wide == pytest.approx(free, abs=1e-5)


@pytest.mark.parametrize("penalty", [1.0, 0.1, 0.001])
def test_coefficients_equal_scikit_survival(penalty: float) -> None:
    terms, time, occurred = _standardised(500, seed=3)
    time = np.ceil(time * 4) / 4  # many ties
    alpha = penalty * occurred.sum()  # its penalty is of the whole likelihood, ours per event
    outcome = np.array(list(zip(occurred, time, strict=True)), dtype=[("e", "?"), ("t", "<f8")])
    theirs = CoxPHSurvivalAnalysis(alpha=alpha, ties="breslow", tol=1e-12).fit(terms, outcome)
    sets = RiskSets(time, occurred)
    ours, _ = fit_penalised_cox(terms, sets, _ridge(terms, sets, penalty))
    assert ours == pytest.approx(theirs.coef_, abs=1e-6)


# lifelines calls pandas with positional arguments
@pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0")
def test_without_ties_coefficients_equal_lifelines() -> None:
    terms, time, occurred = _standardised(400, seed=4)
    frame = pd.DataFrame(terms).assign(time=time, event=occurred)
    theirs = CoxPHFitter().fit(frame, "time", "event").params_.to_numpy()
    sets = RiskSets(time, occurred)
    ours, _ = fit_penalised_cox(terms, sets, _ridge(terms, sets, 1e-9))
    assert ours == pytest.approx(theirs, abs=1e-5)


def test_a_fit_that_begins_with_a_neighbour_s_hessian_ends_where_a_fresh_one_does() -> None:
    terms, time, occurred = _standardised(500, seed=6)
    sets = RiskSets(time, occurred)
    neighbour, hessian = fit_penalised_cox(terms, sets, _ridge(terms, sets, 0.3))
    prior = _ridge(terms, sets, 0.1)
    warm, _ = fit_penalised_cox(terms, sets, prior, start=neighbour, hessian=hessian)
    fresh, _ = fit_penalised_cox(terms, sets, prior)
    assert warm == pytest.approx(fresh, abs=1e-6)
