from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.dictionary.prior import Belief, Prior, Priors
from features.endpoint import Endpoint
from features.errors import HorizonError, ModelError
from models.risk.risk_model import RiskModel
from models.uncertainty.fitting import fit_uncertainty
from models.uncertainty.risk_interval import RiskInterval

Cohort = tuple[pd.DataFrame, Endpoint]
YEARS = [2.0, 5.0]


def _model(**changes: object) -> RiskModel:
    return RiskModel(n_folds=2, max_rounds=20, minimum_events=20, n_threads=1, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def intervals(cohort: Cohort) -> RiskInterval:
    return fit_uncertainty(_model().fit(*cohort))


def test_the_risk_lies_within_its_interval(intervals: RiskInterval, cohort: Cohort) -> None:
    limits = intervals.interval(cohort[0], YEARS)
    risk = intervals.predictor.risk(cohort[0], YEARS)
    assert limits.shape == (len(risk), 2, 2)
    assert (limits[:, :, 0] < risk).all() and (risk < limits[:, :, 1]).all()
    assert limits.min() >= 0 and limits.max() <= 1


def test_to_be_surer_an_interval_must_be_wider(intervals: RiskInterval, cohort: Cohort) -> None:
    narrow, wide = (intervals.interval(cohort[0], [5.0], level)[:, 0] for level in (0.5, 0.9))
    assert (wide[:, 0] < narrow[:, 0]).all() and (narrow[:, 1] < wide[:, 1]).all()


def test_a_missing_value_makes_a_risk_less_sure(intervals: RiskInterval, cohort: Cohort) -> None:
    known = cohort[0].dropna().iloc[:50]
    unknown = known.assign(a=np.nan)
    typical = known.assign(a=cohort[0]["a"].median())
    assert (intervals.variance(unknown) > intervals.variance(typical)).all()


def test_what_no_patient_was_recorded_of_leaves_open_what_is_published(cohort: Cohort) -> None:
    X = cohort[0].assign(density=np.where(cohort[0]["a"] > 0, np.nan, 0.0))
    belief = Belief(-0.4, 0.3)
    priors = Priors({"density": Prior(belief, source="somebody", spread=0.5)})
    told = fit_uncertainty(_model(priors=priors).fit(X, cohort[1]))
    added = told.variance(X) - replace(told, unrecorded={}).variance(X)
    missing = X["density"].isna()
    assert added[missing] == pytest.approx(0.5**2 * (0.4**2 + 0.3**2))
    assert added[~missing] == pytest.approx(0.0)
    # once enough patients have it, it is learnt and completed instead
    recorded = X.assign(density=np.random.default_rng(1).normal(size=len(X)))
    assert not fit_uncertainty(_model(priors=priors).fit(recorded, cohort[1])).unrecorded


def test_knowing_all_moves_a_risk_only_where_something_is_missing(
    intervals: RiskInterval, cohort: Cohort
) -> None:
    known = cohort[0].dropna().iloc[:50]
    assert (intervals.gap_move(known, 5.0) == 0).all()
    moves = intervals.gap_move(known.assign(a=np.nan), 5.0)
    low, high = intervals.interval(known.assign(a=np.nan), [5.0])[:, 0].T
    assert (moves > 0).all() and (moves < (high - low) / 2).all()


def test_an_unusual_patient_is_less_sure_than_a_usual_one(
    intervals: RiskInterval, cohort: Cohort
) -> None:
    usual = cohort[0].median().to_frame().T
    unusual = usual.assign(a=usual["a"] + 3 * cohort[0]["a"].std())
    assert intervals.variance(unusual)[0] > intervals.variance(usual)[0]


def test_a_patient_has_the_same_interval_alone_and_among_others(
    intervals: RiskInterval, cohort: Cohort
) -> None:
    X = cohort[0].iloc[:20]
    together = intervals.interval(X, YEARS)
    alone = np.concatenate([intervals.interval(X.iloc[[i]], YEARS) for i in range(len(X))])
    np.testing.assert_allclose(together, alone, rtol=1e-9)
    margins = intervals.predictor.margin(X)
    np.testing.assert_array_equal(together, intervals.interval(X, YEARS, margins=margins))
    assert intervals.interval(X.iloc[:0], YEARS).shape == (0, 2, 2)


def test_more_patients_make_surer(cohort: Cohort, intervals: RiskInterval) -> None:
    X, endpoint = cohort
    few = fit_uncertainty(_model().fit(X.iloc[:400], endpoint.take(np.arange(400))))
    assert few.variance(X).mean() > intervals.variance(X).mean()


def test_what_is_saved_gives_the_same_numbers_and_the_same_bytes(
    intervals: RiskInterval, cohort: Cohort, tmp_path: Path
) -> None:
    intervals.save(tmp_path / "first")
    restored = RiskInterval.load(tmp_path / "first", intervals.predictor)
    np.testing.assert_array_equal(
        restored.interval(cohort[0], YEARS), intervals.interval(cohort[0], YEARS)
    )
    restored.save(tmp_path / "second")
    for file in (tmp_path / "first").iterdir():
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes()


def test_intervals_of_another_model_are_refused(intervals: RiskInterval, tmp_path: Path) -> None:
    intervals.save(tmp_path)
    other = replace(intervals.predictor, feature_names=("something",))
    with pytest.raises(ModelError, match="another version or model"):
        RiskInterval.load(tmp_path, other)
    with pytest.raises(ModelError, match="no intervals"):
        RiskInterval.load(tmp_path / "absent", intervals.predictor)


def test_what_cannot_be_answered_is_refused(intervals: RiskInterval, cohort: Cohort) -> None:
    with pytest.raises(HorizonError):
        intervals.interval(cohort[0], [100.0])
    with pytest.raises(ModelError, match="between 0 and 1"):
        intervals.interval(cohort[0], [5.0], level=90)
    with pytest.raises(ModelError, match="linear part"):
        fit_uncertainty(_model(parts=("boosted",)).fit(*cohort))


def test_a_cohort_of_yes_and_no_has_intervals_too(cohort: Cohort) -> None:
    X, endpoint = cohort
    event = ((endpoint.event == 1) & (endpoint.time <= 5)).astype(np.int8)
    yes_no = Endpoint(np.full(len(X), 5.0), event, horizon=5.0)
    model = _model().fit(X, yes_no)
    limits = fit_uncertainty(model).interval(X, [5.0])
    risk = model.predict_risk(X, [5.0])
    assert (limits[:, :, 0] < risk).all() and (risk < limits[:, :, 1]).all()


def test_a_column_all_missing_does_no_harm(cohort: Cohort) -> None:
    X, endpoint = cohort
    model = _model().fit(X, endpoint)
    absent = X.assign(noise=np.nan)
    limits = fit_uncertainty(model).interval(absent, [5.0])
    assert np.isfinite(limits).all()
