"""Reasons of which the model knows the sign, alone or as the sum of what describes one thing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import CATALOGUE, derive_features, learnable
from features.dictionary.published_priors import load_sums
from features.endpoint import Endpoint
from features.simulation.cohort import simulate_cohort
from models.estimator.risk_estimator import known_directions, known_priors
from models.explanation.explainer import Explainer
from models.explanation.explanation import Explanation
from models.learners.completion import Gaps
from models.learners.linear import LinearPart
from models.margins import REACH, find_certain
from models.risk.risk_model import RiskModel
from models.uncertainty.certain_reasons import find_certain_reasons
from models.uncertainty.fitting import fit_uncertainty
from models.uncertainty.risk_interval import OWNERS, RiskInterval, contribution_spread

N_FITTED = 2_000


@dataclass(frozen=True)
class Told:
    """A model of simulated patients, and what it tells of others."""

    interval: RiskInterval
    explainer: Explainer
    features: pd.DataFrame
    explanation: Explanation

    def spread(self, owners: dict[str, str]) -> pd.DataFrame:
        """Standard deviations of contributions (n, owners)."""
        worth = self.explanation.worth
        return contribution_spread(self.interval, self.explainer, self.features, worth, owners)

    @property
    def certain(self) -> pd.DataFrame:
        """Which variables (n, v) may be reasons."""
        found = find_certain_reasons(self.interval, self.explainer, self.features, self.explanation)
        own = self.own_values
        return pd.DataFrame(found, index=own.index, columns=own.columns)

    @property
    def own_values(self) -> pd.DataFrame:
        """Contributions (n, v) by variable."""
        return self.explanation.by_variable(CATALOGUE)


@pytest.fixture(scope="module")
def told() -> Told:
    drawn = simulate_cohort(N_FITTED + 400, seed=12, with_lesions=False)
    features = learnable(derive_features(drawn.covariates))
    fitted, outcome = features.iloc[:N_FITTED], drawn.endpoint.iloc[:N_FITTED]
    endpoint = Endpoint(outcome["time"].to_numpy(float), outcome["event"].to_numpy(np.int8))
    model = RiskModel(
        monotone=known_directions(),
        priors=known_priors(),
        widths=(0.5,),
        penalties=(),
        n_folds=2,
        max_rounds=5,
        n_threads=1,
    ).fit(fitted, endpoint)
    explainer = Explainer.fit(model.predictor_, fitted, [10.0])
    others = features.iloc[N_FITTED:]
    return Told(fit_uncertainty(model), explainer, others, explainer.explain(others, 10.0))


def test_what_is_certain_by_itself_may_be_a_reason(told: Told) -> None:
    alone = find_certain(told.own_values, told.spread(OWNERS))
    assert alone.any()
    assert told.certain.to_numpy()[alone].all()


@pytest.mark.parametrize("number", range(len(load_sums())))
def test_where_a_sum_is_certain_one_of_its_variables_is_a_reason(told: Told, number: int) -> None:
    values = pd.DataFrame(told.explanation.values, columns=list(told.explanation.feature_names))
    features = [name for name in load_sums()[number].features if name in values]
    variables = sorted({OWNERS[name] for name in features})
    one = told.spread({**OWNERS, **dict.fromkeys(features, "the thing")})["the thing"]
    total = values[features].sum(axis=1).to_numpy()
    known = np.abs(total) > REACH * one.to_numpy()
    assert known.any()
    own, certain = told.own_values[variables], told.certain[variables]
    same_way = own.mul(np.sign(total), axis=0) > 0
    assert (certain & same_way).any(axis=1).to_numpy()[known].all()
    # no other variable of it becomes one than the largest that points there
    alone = find_certain(told.own_values[variables], told.spread(OWNERS))
    added = certain & ~alone
    assert not added.to_numpy()[~known].any()
    largest = own.abs().where(same_way, 0.0)
    assert (largest.eq(largest.max(axis=1), axis=0) | ~added).all().all()


def test_cholesterol_and_smoking_can_be_reasons_though_told_in_parts(told: Told) -> None:
    for variables in (("ldl_cholesterol", "total_cholesterol", "apob"), ("smoking_status",)):
        assert told.certain[list(variables)].any(axis=1).mean() > 0.1


def _asked_of(told: Told, features: pd.DataFrame) -> Told:
    explanation = told.explainer.explain(features, 10.0)
    return Told(told.interval, told.explainer, features, explanation)


def _left_open(part: LinearPart, gaps: Gaps, features: np.ndarray) -> np.ndarray:
    heard = part.read(gaps).gaps
    return part.design.completion.gap_variance(heard, part.slopes, features)


def test_of_a_patient_of_whom_nothing_is_recorded_there_is_no_reason(told: Told) -> None:
    blank = pd.DataFrame(np.nan, told.features.index[:1], told.features.columns)
    unknown = _asked_of(told, blank)
    told_of = unknown.own_values.abs()
    assert (told_of > 0.001).any().any()
    # trees leave nothing open: what they tell of a mean value is next to nothing
    assert not (unknown.certain & (told_of > 0.0001)).any().any()


@pytest.mark.parametrize("variable", ["age", "systolic_bp", "smoking_status", "family_history"])
def test_what_is_not_recorded_may_be_whatever_it_is(told: Told, variable: str) -> None:
    hidden = told.features.copy()
    hidden.loc[:, [OWNERS[str(name)] == variable for name in hidden]] = np.nan
    unknown = _asked_of(told, hidden)
    part = told.interval.part
    used = [
        OWNERS[unknown.explainer.predictor.feature_names[k]] for k in part.design.completion.used
    ]
    gaps = unknown.explainer.predictor.see(hidden).gaps
    left_open = _left_open(part, gaps, np.flatnonzero(np.array(used) == variable))[gaps.pattern]
    assert (left_open > 0).all()
    weight = unknown.explanation.worth.sum(axis=1)
    assert (unknown.spread(OWNERS)[variable] >= weight * np.sqrt(left_open)).all()
    assert not unknown.certain[variable].any()


def test_what_features_leave_open_is_what_all_of_them_do(told: Told) -> None:
    part, gaps = told.interval.part, told.explainer.predictor.see(told.features).gaps
    everything = np.arange(len(part.design.completion.used))
    whole = _left_open(part, gaps, everything)
    assert whole == pytest.approx(2.0 * part.read(gaps).open_terms.sum(axis=1))
    assert (whole > 0).any() and not _left_open(part, gaps, everything[:0]).any()
