"""Sample weights, delayed entry and lifetimes through scikit-learn's methods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from features.endpoint import AGE, Endpoint
from features.errors import CohortError, HorizonError
from features.sample.survey import Survey
from models.estimator.risk_estimator import RiskEstimator
from models.estimator.tables import make_cohort
from models.estimator.target import as_target, read_target
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp
from models.risk.risk_model import RiskModel

N = 3_000
GROWTH = 0.07  # of the hazard by year of age


def _model(**settings: Any) -> RiskModel:
    return RiskModel(
        parts=("linear",), widths=(1.0,), penalties=(0.01,), n_folds=3, n_threads=1, **settings
    )


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Hazards that rise with age alone, .01 and .006 at 60; observed from 45 to 70 years on."""
    draws = np.random.default_rng(8)
    entry = draws.uniform(45, 70, N)
    marker = draws.normal(size=N)

    def age_at(rate: np.ndarray) -> np.ndarray:
        # Gompertz from the age at entry on
        scale = GROWTH / (rate * np.exp(GROWTH * (entry - 60)))
        return np.asarray(entry + np.log1p(draws.exponential(1.0, N) * scale) / GROWTH)

    ages = np.stack(
        [
            entry + draws.uniform(8, 25, N),
            age_at(0.01 * np.exp(0.5 * marker)),
            age_at(np.full(N, 0.006)),
        ]
    )
    code = ages.argmin(axis=0)
    return pd.DataFrame(
        {"marker": marker, "noise": draws.normal(size=N), "start": entry, "time": ages.min(axis=0)}
    ).assign(event=(code == 1).astype(int), competing=(code == 2).astype(int))


@pytest.fixture(scope="module")
def by_age(table: pd.DataFrame) -> RiskEstimator:
    y = table[["start", "time", "event", "competing"]]
    return RiskEstimator(_model(), time_scale="age").fit(table[["marker", "noise"]], y)


def _true_lifetime(marker: float, start: float, until: float) -> tuple[float, float, float]:
    ages = np.linspace(start, until, 20_001)
    grown = np.exp(GROWTH * (ages - 60))
    event, other = 0.01 * np.exp(0.5 * marker) * grown, 0.006 * grown
    step = ages[1] - ages[0]
    total = np.concatenate([[0.0], np.cumsum((event + other)[:-1] * step)])
    survival = np.exp(-total)
    return tuple(float((one * survival).sum() * step) for one in (event, other, np.ones(20_001)))  # type: ignore[return-value]


def test_lifetime_risk_and_years_free_are_those_of_the_truth(by_age: RiskEstimator) -> None:
    people = pd.DataFrame({"marker": [-1.0, 0.0, 1.0, 1.0], "noise": 0.0})
    start = [50.0, 55.0, 50.0, 65.0]
    life = by_age.predict_lifetime(people, start, until=85)
    for row in range(4):
        risk, other, years = _true_lifetime(people["marker"][row], start[row], 85.0)
        assert life["risk"][row] == pytest.approx(risk, abs=0.06)
        assert life["competing"][row] == pytest.approx(other, abs=0.06)
        assert life["years"][row] == pytest.approx(years, abs=1.5)
    assert life["risk"][2] > life["risk"][0]
    assert life["years"][2] < life["years"][0]
    assert by_age.predict_lifetime(people, start, until=200).isna().all(axis=None)


def test_ten_years_on_are_asked_by_age(by_age: RiskEstimator) -> None:
    person = pd.DataFrame({"marker": [0.0, 0.0], "noise": 0.0})
    risk = by_age.predict_cumulative_incidence(person, [5, 10], start=[50, 65])
    assert (risk[1] > 2 * risk[0]).all()
    free = by_age.predict_survival_function(person, [10], start=[50, 65])[:, 0]
    assert (free < 1 - risk[:, 1]).all()
    with pytest.raises(HorizonError, match="time scale of this model is age"):
        by_age.predict_cumulative_incidence(person, [10])
    # the follow-up ends at an age: taken for years, it gave everybody no risk
    with pytest.raises(HorizonError, match="name a horizon"):
        by_age.predict(person, start=[50, 65])
    with pytest.raises(ValueError, match=r"start must be one number or \(2,\)"):
        by_age.predict_cumulative_incidence(person, [10], start=[50, 60, 70])


def test_age_at_entry_is_no_feature_where_age_is_the_time_scale(table: pd.DataFrame) -> None:
    X = table[["marker"]].assign(years=table["start"].round())
    y = table[["start", "time", "event", "competing"]]
    with pytest.raises(CohortError, match="years: is the age at entry, which the time scale"):
        RiskEstimator(_model(), time_scale="age").fit(X, y)


def test_a_y_with_starts_comes_in_every_form_and_is_split(table: pd.DataFrame) -> None:
    y = table[["start", "time", "event", "competing"]]
    endpoint = read_target(y, "age")
    assert endpoint.time_scale == AGE
    assert endpoint.stop == pytest.approx(table["time"].to_numpy(), abs=1e-9)
    target = as_target(endpoint)
    again = read_target(target, "age")
    assert again.stop == pytest.approx(endpoint.stop, abs=1e-9)
    found = cross_validate(
        RiskEstimator(_model(), horizon=5, time_scale="age"), table[["marker"]], target, cv=3
    )
    assert found["test_score"].mean() > 0.55
    with pytest.raises(CohortError, match="start: must be before the end of follow-up"):
        read_target(y.assign(start=y["time"]))
    with pytest.raises(CohortError, match="age as time scale needs a start"):
        read_target(y.drop(columns="start"), "age")


def test_score_is_the_c_index_of_risks_from_entry_on(table: pd.DataFrame) -> None:
    X, y = table[["marker", "noise"]], table[["start", "time", "event", "competing"]]
    estimator = RiskEstimator(_model(), horizon=5, time_scale="age").fit(X, y)
    endpoint = read_target(y, "age")
    risk = estimator.predict(X, endpoint.entered)
    known = np.isfinite(risk)
    expected = harrell_c(FollowUp.of(endpoint.take(known).since_entry()), risk[known])
    assert estimator.score(X, y) == pytest.approx(expected)


@pytest.fixture(scope="module")
def weighted(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    y = table[["event", "competing"]].assign(time=table["time"] - table["start"])
    weight = np.where(table["event"] == 1, 1.0, np.random.default_rng(3).uniform(1, 5, N))
    return table[["marker", "noise"]], y, weight


def test_weights_reach_the_fit_and_the_score(
    weighted: tuple[pd.DataFrame, pd.DataFrame, np.ndarray],
) -> None:
    X, y, weight = weighted
    plain = RiskEstimator(_model(), horizon=5).fit(X, y)
    heeding = RiskEstimator(_model(), horizon=5).fit(X, y, sample_weight=weight)
    assert heeding.predict(X).mean() < 0.7 * plain.predict(X).mean()
    assert plain.score(X, y, sample_weight=weight) != plain.score(X, y)
    left_out = np.where(np.arange(N) < 2_000, weight, 0.0)
    short = RiskEstimator(_model(), horizon=5).fit(X[:2_000], y[:2_000], weight[:2_000])
    zero = RiskEstimator(_model(), horizon=5).fit(X, y, left_out)
    assert (zero.predict(X) == short.predict(X)).all()


def test_weights_that_cannot_be_are_refused(
    weighted: tuple[pd.DataFrame, pd.DataFrame, np.ndarray],
) -> None:
    X, y, weight = weighted
    estimator = RiskEstimator(_model(), horizon=5)
    with pytest.raises(CohortError, match="sample_weight: is negative"):
        estimator.fit(X, y, -weight)
    with pytest.raises(ValueError, match="at least one non-zero"):
        estimator.fit(X, y, 0 * weight)
    endpoint = read_target(y)
    twice = Endpoint(endpoint.time, endpoint.event, survey=Survey(weight))
    with pytest.raises(CohortError, match="is given beside the weights of the endpoint"):
        estimator.fit(X, twice, weight)


def test_weights_are_routed_through_pipelines_searches_and_cross_validation(
    weighted: tuple[pd.DataFrame, pd.DataFrame, np.ndarray],
) -> None:
    X, y, weight = weighted
    target = as_target(read_target(y))
    with sklearn.config_context(enable_metadata_routing=True):
        asking = RiskEstimator(_model(), horizon=5)
        asking = asking.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        params = {"sample_weight": weight}
        scores = cross_validate(asking, X, target, cv=3, params=params)["test_score"]
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        chain = make_pipeline(scaler, asking)
        piped = cross_validate(chain, X, target, cv=3, params=params)["test_score"]
        search = GridSearchCV(asking, {"model__widths": [(1.0,), (2.0,)]}, cv=2)
        found = search.fit(X, target, **params).best_estimator_
    plain = cross_validate(RiskEstimator(_model(), horizon=5), X, target, cv=3)["test_score"]
    assert (scores != plain).all()
    assert piped == pytest.approx(scores, abs=0.01)
    alone = RiskEstimator(_model(), horizon=5).fit(X, target, weight)
    assert found.predict(X).mean() == pytest.approx(alone.predict(X).mean(), rel=0.05)


def test_a_cohort_is_made_with_its_survey_and_its_starts() -> None:
    rows = pd.DataFrame(
        {
            "age": [60.0, 61, 62, 63],
            "t0": [0.0, 1, 0, 2],
            "t": [5.0, 6, 7, 8],
            "mi": [1, 0, 0, 1],
            "w": [10.0, 20, 30, 5],
            "psu": [1, 2, 1, 2],
        }
    )
    named: dict[str, Any] = {"time": "t", "event": "mi", "start": "t0"}
    named |= {"sample_weight": "w", "cluster": "psu"}
    endpoint = make_cohort(rows, **named).endpoint
    assert endpoint is not None
    assert endpoint.entered.tolist() == [0, 1, 0, 2]
    assert endpoint.weight.tolist() == [10, 20, 30, 5]
    with pytest.raises(CohortError, match="1 strata have one cluster alone"):
        make_cohort(rows.assign(psu=1), **named)


SAMPLED = pd.DataFrame(
    {
        "age": [60.0, 61, 62, 63, 64],
        "t": [5.0, 6, 7, 8, 9],
        "mi": [1, 0, 1, 0, 2],
        "sub": [1, 1, 0, 1, 1],
        "share": [0.5, 0.25, np.nan, 0.25, 0.5],
    }
)
NAMED: dict[str, Any] = {"time": "t", "event": "mi", "subcohort": "sub", "sampling_fraction": 0.25}


def test_a_cohort_is_made_of_a_case_cohort_sample() -> None:
    cohort = make_cohort(SAMPLED, **NAMED, case_cohort="barlow", ignore=["share"])
    assert list(cohort.covariates) == ["age"]
    assert cohort.endpoint is not None
    assert cohort.endpoint.case_cohort is not None
    assert cohort.endpoint.case_cohort.method == "barlow"
    assert cohort.endpoint.weight.tolist() == [1, 4, 1, 4, 4]
    strata = make_cohort(SAMPLED, **{**NAMED, "sampling_fraction": "share"})
    assert strata.endpoint is not None
    assert strata.endpoint.weight.tolist() == [1, 4, 1, 4, 2]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sampling_fraction": None}, "case_cohort: needs subcohort, a column, and sampling_frac"),
        ({"subcohort": None}, "case_cohort: needs subcohort, a column, and sampling_fraction"),
        ({"sample_weight": "age"}, "age: is given beside a subcohort"),
        ({"subcohort": "t"}, r"t: must be 0 or 1, .* for everyone \(5 rows\)"),
        ({"subcohort": "nobody"}, "nobody: is no column of the table"),
        ({"sampling_fraction": 25}, r"sampling_fraction: must be above 0 .* \(4 rows\)"),
        ({"case_cohort": "lin-ying"}, "case_cohort: must be one of prentice, barlow, borgan"),
        ({"cases": "deaths"}, "cases: must be one of event, both"),
        ({"sampling_fraction": "share", "case_cohort": "prentice"}, "share: differs between"),
    ],
)
def test_a_case_cohort_sample_that_cannot_be_is_refused(
    changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(CohortError, match=words):
        make_cohort(SAMPLED, **{**NAMED, **changed}, ignore=["share", "sub"])


def test_who_was_not_sampled_is_refused_with_the_column_the_rule_and_the_count() -> None:
    rows = pd.concat([SAMPLED, SAMPLED.assign(mi=0, sub=0)[:2]], ignore_index=True)
    rule = r"sub: neither in the subcohort nor a case by mi \(2 rows\)"
    with pytest.raises(CohortError, match=rule):
        make_cohort(rows, **NAMED, ignore=["share"])
