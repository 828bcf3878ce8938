"""What patients of a case-cohort sample weigh, from formulas written out."""

from __future__ import annotations

import numpy as np
import pytest

from features.endpoint import COMPETING, EVENT, Endpoint
from features.errors import CohortError
from features.sample.case_cohort import BARLOW, BORGAN, BOTH, PRENTICE, CaseCohort
from features.sample.survey import Survey
from models.metrics.bootstrap import resample_counts

#            control, case of it, case outside, death in it
SUBCOHORT = np.array([True, True, False, True])
CODES = np.array([0, EVENT, EVENT, COMPETING], np.int8)


def _weights(method: str, cause: int, cases: str = "event") -> list[list[float]]:
    survey = Survey.of_case_cohort(CaseCohort(SUBCOHORT, np.array(0.1), method, cases), CODES)
    weights = survey.of_cause(cause)
    own = cause == CODES
    return [
        weights.at_risk.tolist(),
        *(w[own].tolist() for w in (weights.at_event, weights.events)),
    ]


def test_barlow_weighs_the_subcohort_by_its_fraction_and_every_case_once() -> None:
    assert _weights(BARLOW, EVENT) == [[10, 10, 0, 10], [1, 1], [1, 1]]


def test_prentice_weighs_a_case_in_its_own_risk_set_as_any_other_member() -> None:
    # all by the inverse fraction: risk sets of ones, and hazards on the scale of the cohort
    assert _weights(PRENTICE, EVENT) == [[10, 10, 0, 10], [10, 10], [1, 1]]


def test_borgan_weighs_cases_once_wherever_they_are() -> None:
    assert _weights(BORGAN, EVENT) == [[10, 1, 1, 10], [1, 1], [1, 1]]


@pytest.mark.parametrize("method", [PRENTICE, BARLOW])
def test_of_deaths_that_were_not_all_taken_the_subcohort_alone_tells(method: str) -> None:
    assert _weights(method, COMPETING) == [[10, 10, 0, 10], [10], [10]]


def test_deaths_that_were_all_taken_are_cases_as_well() -> None:
    assert _weights(BARLOW, COMPETING, BOTH) == [[10, 10, 0, 10], [1], [1]]
    assert _weights(BORGAN, COMPETING, BOTH) == [[10, 1, 1, 1], [1], [1]]


def test_figures_weigh_by_inverse_probability_whatever_the_method() -> None:
    for method in (PRENTICE, BARLOW, BORGAN):
        survey = Survey.of_case_cohort(CaseCohort(SUBCOHORT, np.array(0.1), method), CODES)
        assert survey.weight.tolist() == [10, 1, 1, 10]


def test_who_is_neither_in_the_subcohort_nor_a_case_is_refused() -> None:
    codes = np.array([0, EVENT, COMPETING, 0], np.int8)
    outside = np.array([True, True, False, False])
    with pytest.raises(CohortError, match=r"neither in the subcohort nor a case .*\(2 rows\)"):
        Survey.of_case_cohort(CaseCohort(outside, np.array(0.1)), codes)
    with pytest.raises(CohortError, match=r"neither in the subcohort nor a case .*\(1 row\)"):
        Survey.of_case_cohort(CaseCohort(outside, np.array(0.1), cases=BOTH), codes)


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.5, np.nan, np.inf])
def test_a_fraction_lies_above_zero_and_reaches_one(fraction: float) -> None:
    given = np.array([0.1, fraction, np.nan, 0.1])
    with pytest.raises(CohortError, match=r"sampling_fraction: must be above 0 .*\(1 row\)"):
        Survey.of_case_cohort(CaseCohort(SUBCOHORT, given), CODES)


def test_fractions_of_strata_are_for_barlow_and_borgan() -> None:
    given = np.array([0.1, 0.2, np.nan, 0.2])
    survey = Survey.of_case_cohort(CaseCohort(SUBCOHORT, given, BARLOW), CODES)
    assert survey.of_cause(EVENT).at_risk.tolist() == [10, 5, 0, 5]
    with pytest.raises(CohortError, match="Prentice's weights know one fraction"):
        Survey.of_case_cohort(CaseCohort(SUBCOHORT, given, PRENTICE), CODES)


def test_a_method_or_a_kind_of_cases_that_does_not_exist_is_refused() -> None:
    with pytest.raises(CohortError, match="must be one of prentice, barlow, borgan"):
        Survey.of_case_cohort(CaseCohort(SUBCOHORT, np.array(0.1), "lin"), CODES)
    with pytest.raises(CohortError, match="must be one of event, both"):
        Survey.of_case_cohort(CaseCohort(SUBCOHORT, np.array(0.1), cases="deaths"), CODES)


def test_a_cohort_of_which_all_were_drawn_tells_all_and_a_subcohort_of_as_many_half() -> None:
    everyone = CaseCohort(np.ones(100, bool), np.array(1.0))
    assert everyone.efficiency(30) == 1.0
    # 1 / (1 + (1 - a) d / m)
    tenth = CaseCohort(np.ones(100, bool), np.array(0.1))
    assert tenth.efficiency(90) == pytest.approx(1 / (1 + 0.9 * 90 / 100))
    strata = CaseCohort(np.ones(100, bool), np.repeat([0.1, 0.1], 50))
    assert strata.efficiency(90) == pytest.approx(tenth.efficiency(90))


def test_a_sample_is_worth_the_patients_whose_events_tell_as_much() -> None:
    endpoint = _endpoint(1_000, seed=1)
    design = endpoint.case_cohort
    assert design is not None
    d, m = endpoint.n_events, design.subcohort.sum()
    share = 1 / (1 + 0.8 * d / m)
    assert endpoint.effective_events(EVENT, endpoint.event == EVENT) == pytest.approx(share * d)
    assert endpoint.worth == pytest.approx(share * endpoint.weight.sum())
    deaths = endpoint.event == COMPETING
    assert endpoint.effective_events(COMPETING, deaths) == pytest.approx(deaths.sum())


def _endpoint(n: int, seed: int) -> Endpoint:
    draws = np.random.default_rng(seed)
    times = np.stack([draws.uniform(2, 10, n), *draws.exponential([[40], [60]], (2, n))])
    endpoint = Endpoint(times.min(axis=0), times.argmin(axis=0).astype(np.int8))
    drawn = draws.random(n) < 0.2
    part = endpoint.take(drawn | (endpoint.event == EVENT))
    design = CaseCohort(drawn[drawn | (endpoint.event == EVENT)], np.array(0.2), BARLOW)
    survey = Survey.of_case_cohort(design, part.event)
    return Endpoint(part.time, part.event, survey=survey)


def test_parts_of_the_patients_keep_the_design_and_resamples_the_weights() -> None:
    endpoint = _endpoint(300, seed=2)
    rows = np.flatnonzero(np.arange(len(endpoint)) % 3 == 0)
    part = endpoint.take(rows)
    assert part.case_cohort is not None
    assert endpoint.case_cohort is not None
    assert (part.case_cohort.subcohort == endpoint.case_cohort.subcohort[rows]).all()
    assert part.weights_of(EVENT).at_risk.tolist() == (
        endpoint.weights_of(EVENT).at_risk[rows].tolist()
    )
    for counts in resample_counts(endpoint, 5, seed=1):
        times_drawn = counts / endpoint.weight * (len(endpoint) - 1) / len(endpoint)
        assert times_drawn == pytest.approx(times_drawn.round())


def test_a_yes_or_no_by_a_horizon_is_for_borgan_alone() -> None:
    time = np.full(4, 5.0)
    codes = np.array([0, EVENT, EVENT, 0], np.int8)
    survey = Survey.of_case_cohort(CaseCohort(SUBCOHORT, np.array(0.1), BORGAN), codes)
    assert Endpoint(time, codes, 5.0, survey=survey).weight.tolist() == [10, 1, 1, 10]
    survey = Survey.of_case_cohort(CaseCohort(SUBCOHORT, np.array(0.1), BARLOW), codes)
    with pytest.raises(CohortError, match="has no risk sets"):
        Endpoint(time, codes, 5.0, survey=survey)
