from __future__ import annotations

import warnings
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from features.array_types import FloatArray
from features.endpoint import Endpoint
from features.errors import HorizonError
from models.metrics.concordance import Ranking, harrell_c, uno_c
from models.metrics.follow_up import FollowUp
from tests.models.metrics.simulated import Simulated, endpoint_of, rounded, simulate


def by_pairs(endpoint: Endpoint, risk: FloatArray, tau: float, weighted: bool) -> float:
    """The definition, pair by pair."""
    follow_up = FollowUp.of(endpoint)
    chance = follow_up.uncensored_before_own_time if weighted else np.ones(len(endpoint))
    t, code = endpoint.time, endpoint.event
    concordant, comparable = 0.0, 0.0
    for i, j in permutations(range(len(endpoint)), 2):
        if code[i] != 1 or t[i] > tau:
            continue
        if t[j] > t[i] or (t[j] == t[i] and code[j] == 0):
            weight = 1 / chance[i] ** 2
        elif code[j] == 2:
            weight = 1 / (chance[i] * chance[j])
        else:
            continue
        comparable += weight
        concordant += weight * ((risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j]))
    return concordant / comparable


def test_a_small_cohort_by_hand() -> None:
    # The case at 1 beats three of three; the one at 3 loses to 4 and ties with the competing 2.
    follow_up = FollowUp.of(endpoint_of([1, 2, 3, 4], [1, 2, 1, 0]))
    assert harrell_c(follow_up, [0.9, 0.3, 0.3, 0.5]) == (3 + 0 + 0.5) / (3 + 2)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("tau", [4.0, 1000.0])
def test_it_is_the_definition_pair_by_pair_with_ties(weighted: bool, tau: float) -> None:
    endpoint = rounded(simulate(120, seed=5).endpoint, step=2.0)
    tau = min(tau, endpoint.time.max())
    risk = np.random.default_rng(0).integers(0, 12, 120) / 12
    measured = (uno_c if weighted else harrell_c)(FollowUp.of(endpoint), risk, tau)
    assert measured == pytest.approx(by_pairs(endpoint, risk, tau, weighted), abs=1e-12)


@pytest.mark.parametrize("tied", [False, True])
def test_harrell_equals_lifelines(plain_cohort: Simulated, tied: bool) -> None:
    from lifelines.utils import concordance_index

    endpoint = rounded(plain_cohort.endpoint) if tied else plain_cohort.endpoint
    risk = np.round(plain_cohort.margin, 1)
    theirs = concordance_index(endpoint.time, -risk, endpoint.event)
    assert harrell_c(FollowUp.of(endpoint), risk) == pytest.approx(theirs, abs=1e-12)


def test_uno_equals_scikit_survival(plain_cohort: Simulated) -> None:
    # Without tied times: with them scikit-survival takes G(t) where we take G(t-).
    from sksurv.metrics import concordance_index_ipcw
    from sksurv.util import Surv

    endpoint = plain_cohort.endpoint
    structured = Surv.from_arrays(endpoint.event == 1, endpoint.time)
    theirs = concordance_index_ipcw(structured, structured, plain_cohort.margin, tau=10.5)[0]
    ours = uno_c(FollowUp.of(endpoint), plain_cohort.margin, 10.5)
    assert ours == pytest.approx(theirs, abs=1e-10)


def test_with_competing_events_it_equals_hazardous(competing_cohort: Simulated) -> None:
    from hazardous.metrics import concordance_index_incidence

    endpoint, risk = competing_cohort.endpoint, competing_cohort.risk(8)
    y = pd.DataFrame({"event": endpoint.event, "duration": endpoint.time})
    for ours, options in ((harrell_c, {"ipcw_estimator": None}), (uno_c, {"y_train": y})):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = concordance_index_incidence(
                y, np.column_stack([risk, risk]), time_grid=[0, 8], taus=[8], **options
            )
        assert ours(FollowUp.of(endpoint), risk, 8) == pytest.approx(theirs[0], abs=1e-10)


def test_under_heavy_censoring_uno_finds_the_truth_and_harrell_does_not() -> None:
    full = simulate(20_000, seed=7, censoring=0)
    censored = simulate(20_000, seed=7, censoring=0.25)
    truth = harrell_c(FollowUp.of(full.endpoint), full.margin, 10)
    heavy = FollowUp.of(censored.endpoint)
    assert uno_c(heavy, censored.margin, 10) == pytest.approx(truth, abs=0.01)
    assert harrell_c(heavy, censored.margin, 10) > truth + 0.005


def test_a_resample_equals_repeated_patients(competing_cohort: Simulated) -> None:
    endpoint = rounded(competing_cohort.endpoint)
    counts = np.bincount(np.random.default_rng(0).integers(0, 500, 500), minlength=500)
    rows = np.repeat(np.arange(500), counts)
    repeated = FollowUp.of(endpoint.take(rows))
    follow_up = FollowUp.of(endpoint)
    ranking = Ranking.of(follow_up, competing_cohort.margin)
    for measure in (harrell_c, uno_c):
        resampled = measure(follow_up.resample(counts), ranking, 9)
        again = measure(repeated, competing_cohort.margin[rows], 9)
        assert resampled == pytest.approx(again, abs=1e-12)


def test_yes_or_no_at_a_fixed_horizon_gives_the_area_under_the_roc_curve() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(1)
    outcome, risk = rng.integers(0, 2, 300), rng.integers(0, 40, 300) / 40
    follow_up = FollowUp.of(endpoint_of(np.full(300, 10.0), outcome, horizon=10))
    expected = roc_auc_score(outcome, risk)
    assert harrell_c(follow_up, risk, 10) == pytest.approx(expected, abs=1e-12)
    assert uno_c(follow_up, risk, 10) == pytest.approx(expected, abs=1e-12)


def test_equal_risks_have_concordance_one_half(competing_cohort: Simulated) -> None:
    assert harrell_c(FollowUp.of(competing_cohort.endpoint), np.full(500, 0.1)) == 0.5


def test_without_a_pair_it_is_undefined() -> None:
    assert np.isnan(harrell_c(FollowUp.of(endpoint_of([1.0], [1])), [0.2]))
    assert np.isnan(uno_c(FollowUp.of(endpoint_of([1.0, 2.0], [0, 0])), [0.2, 0.1]))


def test_a_tau_beyond_follow_up_is_refused(competing_cohort: Simulated) -> None:
    with pytest.raises(HorizonError):
        harrell_c(FollowUp.of(competing_cohort.endpoint), competing_cohort.margin, 1000)


@pytest.mark.slow
def test_a_million_patients_need_no_look_at_each_pair() -> None:
    cohort = simulate(1_000_000, seed=3)
    few = FollowUp.of(cohort.endpoint.take(np.arange(20_000)))
    of_few = harrell_c(few, cohort.margin[:20_000], 10)
    # 10 ** 12 pairs would keep any machine busy until the run of the tests gives up
    assert harrell_c(FollowUp.of(cohort.endpoint), cohort.margin, 10) == pytest.approx(
        of_few, abs=0.02
    )
