from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.errors import HorizonError, ModelError
from models.compiled.explanation.compiled_risk import carry_risk_compiled
from models.explanation.explainer import Explainer
from models.risk.predictor import RiskPredictor
from tests.fast_part import fast_only
from tests.models.explanation.brute_force import interventional_shapley
from tests.models.explanation.predictors import (
    draw_features,
    make_predictor,
    risk_of_states,
    see_features,
)


@pytest.fixture(scope="module")
def predictor() -> RiskPredictor:
    return make_predictor()


@pytest.fixture(scope="module")
def explainer(predictor: RiskPredictor) -> Explainer:
    return Explainer.fit(predictor, draw_features(800, seed=3), [5.0, 10.0])


@pytest.mark.parametrize(
    ("n_causes", "fixed"), fast_only([(2, False)], [(1, False), (2, False), (1, True)])
)
def test_contributions_come_close_to_shapley_values_of_the_risk_itself(
    n_causes: int, fixed: bool
) -> None:
    predictor = make_predictor(n_causes, fixed=fixed)
    background, patients = draw_features(48, seed=4), draw_features(16, seed=5)
    explainer = Explainer.fit(predictor, background, [10.0])
    found = explainer.explain(patients, 10.0)
    values = found.values + explainer.explain_other(patients, 10.0).to_numpy()
    expected = interventional_shapley(
        risk_of_states(predictor),
        see_features(predictor, patients),
        see_features(predictor, background),
    )
    # The figures of the design: 0.25 percentage points and correlation 0.995.
    assert np.abs(values - expected).mean() < 0.0025
    assert np.corrcoef(values.ravel(), expected.ravel())[0, 1] > 0.995
    mean_risk = predictor.risk(background, [10.0]).mean()
    assert found.base_risk == pytest.approx(mean_risk, abs=0.002)


@pytest.mark.slow
def test_two_hundred_patients_with_two_causes_keep_within_the_figures_of_the_design() -> None:
    predictor = make_predictor(2)
    background, patients = draw_features(48, seed=4), draw_features(200, seed=19)
    explainer = Explainer.fit(predictor, background, [10.0])
    found = replace(explainer, kernel=carry_risk_compiled).explain(patients, 10.0).values
    found = found + explainer.explain_other(patients, 10.0).to_numpy()
    expected = interventional_shapley(
        risk_of_states(predictor),
        see_features(predictor, patients),
        see_features(predictor, background),
    )
    assert np.abs(found - expected).mean() < 0.0025
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.995


@pytest.mark.parametrize("horizon", [0.5, 5.0, 10.0, 12.0])
def test_contributions_sum_to_risk_less_base_risk_at_any_horizon(
    explainer: Explainer, predictor: RiskPredictor, horizon: float
) -> None:
    patients = draw_features(400, seed=6, missing=0.3)
    explanation = explainer.explain(patients, horizon)
    np.testing.assert_array_equal(explanation.risk, predictor.risk(patients, [horizon])[:, 0])
    total = explanation.base_risk + explanation.values.sum(axis=1) + explanation.other
    np.testing.assert_allclose(total, explanation.risk, atol=1e-6)


def test_contributions_add_up_for_patients_far_from_all_others(explainer: Explainer) -> None:
    patients = draw_features(50, seed=7) * 30
    explanation = explainer.explain(patients, 10.0)
    assert explanation.risk.max() > 0.99
    total = explanation.base_risk + explanation.values.sum(axis=1) + explanation.other
    np.testing.assert_allclose(total, explanation.risk, atol=1e-6)


def test_many_patients_get_the_numbers_that_few_get(explainer: Explainer) -> None:
    patients = draw_features(3_000, seed=8)  # enough for the lattice
    together = explainer.explain(patients, 10.0)
    few = explainer.explain(patients.iloc[100:140], 10.0)
    np.testing.assert_allclose(together.values[100:140], few.values, atol=1e-5)
    alone = explainer.explain(patients.iloc[[117]], 10.0)
    np.testing.assert_allclose(alone.values[0], together.values[117], atol=1e-5)


@pytest.mark.parametrize(("n_causes", "fixed"), [(1, False), (2, False), (1, True)])
@pytest.mark.parametrize("n", [1, 300, 3_000])
def test_the_compiled_kernel_explains_alike(n_causes: int, fixed: bool, n: int) -> None:
    predictor = make_predictor(n_causes, fixed=fixed)
    explainer = Explainer.fit(predictor, draw_features(200, seed=3), [10.0])
    patients = draw_features(n, seed=9)
    patients.iloc[0] *= 30  # beyond any lattice
    compiled = replace(explainer, kernel=carry_risk_compiled).explain(patients, 10.0)
    plain = explainer.explain(patients, 10.0)
    np.testing.assert_allclose(compiled.risk, plain.risk, rtol=0, atol=1e-13)
    np.testing.assert_allclose(compiled.values, plain.values, rtol=0, atol=1e-12)
    np.testing.assert_allclose(compiled.other, plain.other, rtol=0, atol=1e-12)
    np.testing.assert_allclose(compiled.worth, plain.worth, rtol=0, atol=5e-12)


def test_a_variable_is_credited_with_the_hazard_of_the_event_alone(
    explainer: Explainer, predictor: RiskPredictor
) -> None:
    patients = draw_features(40, seed=21)
    found = explainer.explain(patients, 10.0)
    event, death = predictor.causes
    still = replace(
        predictor, causes=(event, replace(death, linear_weight=0.0, boosted_weight=0.0))
    )
    moved = predictor.margin(patients)[:, 0] - still.margin(patients)[:, 0]
    assert not moved.any()
    # whoever dies sooner of something else has less of the event: one sum, and against it
    dying = predictor.margin(patients)[:, 1]
    assert np.corrcoef(dying, found.other)[0, 1] < -0.5


def test_what_other_causes_take_can_be_broken_down(explainer: Explainer) -> None:
    patients = draw_features(40, seed=22, missing=0.3)
    found = explainer.explain_other(patients, 10.0)
    other = explainer.explain(patients, 10.0).other
    np.testing.assert_allclose(found.sum(axis=1), other, rtol=0, atol=1e-6)


def test_the_compiled_kernel_explains_a_cause_without_one_of_its_parts() -> None:
    predictor = make_predictor()
    first, second = predictor.causes
    parts = (replace(first, linear=None, linear_weight=0.0), replace(second, boosted_weight=0.0))
    explainer = Explainer.fit(replace(predictor, causes=parts), draw_features(200, seed=3), [10.0])
    patients = draw_features(300, seed=9)
    compiled = replace(explainer, kernel=carry_risk_compiled).explain(patients, 10.0)
    expected = explainer.explain(patients, 10.0).values
    np.testing.assert_allclose(compiled.values, expected, rtol=0, atol=1e-12)


def test_a_hundred_thousand_patients_add_up_whoever_is_explained_beside_them(
    explainer: Explainer, predictor: RiskPredictor
) -> None:
    patients = draw_features(100_000, seed=18)
    quick = replace(explainer, kernel=carry_risk_compiled)
    explanation = quick.explain(patients, 10.0)
    plain = predictor.risk(patients, [10.0])[:, 0]
    np.testing.assert_allclose(explanation.risk, plain, rtol=0, atol=1e-13)
    total = explanation.base_risk + explanation.values.sum(axis=1) + explanation.other
    assert np.abs(total - explanation.risk).max() <= 1e-6
    few = quick.explain(patients.iloc[50_000:53_000], 10.0)
    np.testing.assert_allclose(few.values, explanation.values[50_000:53_000], rtol=0, atol=1e-12)


def test_a_saved_explainer_is_the_same_bytes_and_gives_the_same_numbers(
    explainer: Explainer, predictor: RiskPredictor, tmp_path: Path
) -> None:
    patients = draw_features(20, seed=10)
    for name in ("one", "two"):
        predictor.save(tmp_path / name / "predictor")
        explainer.save(tmp_path / name / "explainer")
    written = sorted((tmp_path / "one" / "explainer").iterdir())
    assert {path.suffix for path in written} == {".json", ".npy"}
    for path in written:
        assert path.read_bytes() == (tmp_path / "two" / "explainer" / path.name).read_bytes()
    loaded = Explainer.load(tmp_path / "one" / "explainer")
    np.testing.assert_array_equal(
        loaded.explain(patients, 7.0).values, explainer.explain(patients, 7.0).values
    )


def test_nothing_of_the_background_is_kept_but_means_and_counts(explainer: Explainer) -> None:
    assert explainer.centres.shape == (8, 2)
    for cause in explainer.causes:
        assert cause.trees is not None
        assert cause.mean_terms.shape[0] == 8
        assert cause.trees.counts.shape[1] == 8
        np.testing.assert_array_equal(
            cause.trees.counts.sum(axis=0),
            800 / 8 * len(cause.trees.tables.first_row) * np.ones(8),
        )


def test_an_explainer_of_another_model_is_refused(explainer: Explainer, tmp_path: Path) -> None:
    explainer.save(tmp_path)
    other = make_predictor(n_features=9)
    with pytest.raises(ModelError):
        Explainer.load(tmp_path, make_predictor(n_causes=1))
    with pytest.raises(ModelError, match="another"):
        Explainer.load(tmp_path, other)
    with pytest.raises(ModelError, match="holds no complete explainer"):
        Explainer.load(tmp_path / "nowhere", other)


def test_a_part_that_the_model_lacks_contributes_nothing(predictor: RiskPredictor) -> None:
    event, competing = predictor.causes
    parts = (
        replace(event, boosted=None, boosted_weight=0.0),
        replace(competing, linear=None, boosted=None, linear_weight=0.0, boosted_weight=0.0),
    )
    linear_only = replace(predictor, causes=parts)
    explainer = Explainer.fit(linear_only, draw_features(100, seed=11), [10.0])
    explanation = explainer.explain(draw_features(30, seed=12), 10.0)
    total = explanation.base_risk + explanation.values.sum(axis=1) + explanation.other
    np.testing.assert_allclose(total, explanation.risk, atol=1e-12)


def test_one_background_patient_and_one_patient_are_enough(predictor: RiskPredictor) -> None:
    patient = draw_features(1, seed=13)
    explanation = Explainer.fit(predictor, patient, [10.0]).explain(patient, 10.0)
    np.testing.assert_allclose(explanation.values, 0, atol=1e-7)
    assert explanation.base_risk == pytest.approx(explanation.risk[0], abs=1e-7)


def test_no_patients_give_an_empty_explanation(explainer: Explainer) -> None:
    explanation = explainer.explain(draw_features(3, seed=14).iloc[:0], 10.0)
    assert explanation.values.shape == (0, 10)
    assert len(explanation) == 0


def test_a_column_all_missing_is_explained(explainer: Explainer) -> None:
    patients = draw_features(30, seed=15)
    patients["f0"] = np.nan
    explanation = explainer.explain(patients, 10.0)
    assert np.isfinite(explanation.values).all()


def test_the_order_of_columns_does_not_matter(explainer: Explainer) -> None:
    patients = draw_features(30, seed=16)
    reversed_ = patients[patients.columns[::-1]].assign(extra=1.0)
    np.testing.assert_array_equal(
        explainer.explain(reversed_, 10.0).values, explainer.explain(patients, 10.0).values
    )


def test_absent_features_and_impossible_horizons_are_named(explainer: Explainer) -> None:
    with pytest.raises(ModelError, match="f3"):
        explainer.explain(draw_features(3, seed=17).drop(columns="f3"), 10.0)
    with pytest.raises(HorizonError):
        explainer.explain(draw_features(3, seed=17), 12.5)
    with pytest.raises(ModelError, match="background"):
        Explainer.fit(explainer.predictor, draw_features(3, seed=17).iloc[:0], [10.0])
