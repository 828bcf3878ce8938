"""The predictor for batches beside the one that every batch must agree with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.endpoint import AGE
from features.errors import ModelError
from models.compiled.compiled_incidence import CompiledLink
from models.compiled.compiled_predictor import compile_predictor
from models.risk.absolute_risk import CompetingRisksLink
from models.risk.baseline import Baseline
from models.risk.risk_model import RiskModel
from tests.models.conftest import draw_cohort
from tests.models.explanation.predictors import draw_features, make_predictor


@pytest.mark.parametrize(("n_causes", "fixed"), [(1, False), (2, False), (1, True)])
@pytest.mark.parametrize("n", [0, 1, 127, 1_000])
def test_margins_and_risks_are_those_of_the_predictor(n_causes: int, fixed: bool, n: int) -> None:
    predictor = make_predictor(n_causes, fixed=fixed)
    patients = draw_features(n, seed=4, missing=0.3)
    patients.iloc[: n // 2] *= 9  # beyond the bounds of what is standardised
    quick = compile_predictor(predictor)
    np.testing.assert_allclose(quick.margin(patients), predictor.margin(patients), atol=1e-12)
    risk, expected = quick.risk(patients, [10.0]), predictor.risk(patients, [10.0])
    np.testing.assert_allclose(risk, expected, atol=1e-14)


def test_risks_from_each_patients_age_are_those_of_the_link() -> None:
    draws = np.random.default_rng(2)
    knots = np.array([40.0, 45.0, 50.0, 60.0, 70.0, 95.0])
    hazards = draws.uniform(0, 0.4, (2, 5)) * [1.0, 0.0, 1.0, 1.0, 1.0]
    cumulative = np.hstack([np.zeros((2, 1)), hazards.cumsum(axis=1)])
    ages = np.concatenate([draws.uniform(38, 97, 500), knots])
    margins = np.column_stack([draws.normal(size=(506, 2)), ages, ages])
    plain = CompetingRisksLink(Baseline(knots, cumulative), AGE)
    fast, times = CompiledLink(plain.baseline, AGE), [10.0, 0.5, 30.0]
    expected = plain.cumulative_incidence(margins, times)
    np.testing.assert_allclose(fast.cumulative_incidence(margins, times), expected, atol=1e-13)
    assert 0 < np.isnan(expected).mean() < 0.7


def test_a_trained_model_with_bends_and_indicators_agrees() -> None:
    X, endpoint = draw_cohort(800, seed=2, missing=0.2)
    predictor = RiskModel(seed=0).fit(X, endpoint).predictor_
    new, _ = draw_cohort(3_000, seed=3, missing=0.4)
    quick = compile_predictor(predictor)
    np.testing.assert_allclose(quick.margin(new), predictor.margin(new), atol=1e-12)
    seen, expected = quick.see(new), predictor.see(new)
    np.testing.assert_allclose(seen.standard, expected.standard, atol=1e-12)
    np.testing.assert_allclose(seen.values, expected.values, rtol=1e-6)


def test_patients_of_whom_next_to_nothing_is_known_agree() -> None:
    X, endpoint = draw_cohort(800, seed=2, missing=0.2)
    predictor = RiskModel(seed=0).fit(X, endpoint).predictor_
    new, _ = draw_cohort(200, seed=5, missing=0.0)
    for row, name in zip(range(100), [*X.columns, None] * 100, strict=False):
        new.loc[new.index[row], [other for other in X.columns if other != name]] = np.nan
    quick = compile_predictor(predictor)
    np.testing.assert_allclose(quick.margin(new), predictor.margin(new), atol=1e-12)


def test_columns_may_come_in_any_order_among_others() -> None:
    predictor = make_predictor()
    patients = draw_features(300, seed=5)
    shuffled = patients[patients.columns[::-1]].assign(other=1.0)
    quick = compile_predictor(predictor)
    assert (quick.margin(shuffled) == quick.margin(patients)).all()
    with pytest.raises(ModelError, match="1 features of the model are absent: f3"):
        quick.margin(patients.drop(columns="f3"))


def test_a_booster_that_no_table_holds_is_asked_itself() -> None:
    predictor = make_predictor()
    cause = predictor.causes[0]
    assert cause.boosted is not None
    booster = cause.boosted.booster.copy()
    booster.set_param({"objective": "reg:squarederror"})
    unknown = replace(cause, boosted=replace(cause.boosted, booster=booster))
    odd = replace(predictor, causes=(unknown, predictor.causes[1]))
    patients = draw_features(200, seed=6)
    quick = compile_predictor(odd)
    assert quick.trees is None
    np.testing.assert_allclose(quick.margin(patients), odd.margin(patients), atol=1e-12)


def test_a_cause_without_one_of_its_parts_agrees() -> None:
    predictor = make_predictor()
    first, second = predictor.causes
    parts = (replace(first, linear=None, linear_weight=0.0), replace(second, boosted_weight=0.0))
    patients = draw_features(200, seed=7)
    bare = replace(predictor, causes=parts)
    found = compile_predictor(bare).margin(patients)
    np.testing.assert_allclose(found, bare.margin(patients), atol=1e-12)


def test_a_patient_is_given_the_same_risk_whoever_stands_beside() -> None:
    quick = compile_predictor(make_predictor())
    patients = draw_features(1_000, seed=8, missing=0.4)
    alone = pd.concat([patients.iloc[[i]] for i in (0, 500, 999)])
    together = quick.margin(patients)[[0, 500, 999]]
    np.testing.assert_allclose(quick.margin(alone), together, rtol=0, atol=1e-13)


def test_several_threads_may_ask_at_once() -> None:
    quick = compile_predictor(make_predictor())
    batches = [draw_features(2_000, seed=seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(quick.margin, batches))
    for found, batch in zip(together, batches, strict=True):
        assert (found == quick.margin(batch)).all()
