from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import Feature
from features.errors import ModelError
from models.explanation.decision_blocks import cut_booster
from models.explanation.explainer import Explainer
from models.explanation.interactions import explain_interactions, find_partners, tree_interactions
from models.explanation.tree_attribution import TreeAttribution
from models.risk.predictor import RiskPredictor
from tests.fast_part import fast_only
from tests.models.explanation.brute_force import interventional_interactions
from tests.models.explanation.predictors import (
    draw_features,
    make_predictor,
    risk_of_states,
    see_features,
)

N_FEATURES = 6


@pytest.fixture(scope="module")
def predictor() -> RiskPredictor:
    return make_predictor(n_features=N_FEATURES)


def test_interactions_in_trees_are_those_of_the_definition(predictor: RiskPredictor) -> None:
    background = draw_features(40, seed=2, n_features=N_FEATURES)
    boosted = predictor.causes[0].boosted
    assert boosted is not None
    raw, names = bytes(boosted.booster.save_raw("json")), predictor.feature_names
    known = background.to_numpy(np.float32)
    trees = TreeAttribution.fit(raw, names, known, np.zeros(40, np.intp))
    patients = draw_features(3, seed=3, n_features=N_FEATURES).to_numpy(np.float32)
    for patient in patients:
        found = tree_interactions(trees, cut_booster(raw, names), patient[None], np.ones(1))
        expected = interventional_interactions(
            lambda mixed: boosted.output(mixed.astype(np.float32)),
            patient.astype(np.float64),
            known.astype(np.float64),
        )
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("n_causes", "fixed"), fast_only([(2, False)], [(1, False), (2, False), (1, True)])
)
def test_interactions_come_close_to_those_of_the_risk_itself(n_causes: int, fixed: bool) -> None:
    predictor = make_predictor(n_causes, N_FEATURES, fixed)
    background = draw_features(48, seed=4, n_features=N_FEATURES)
    patients = draw_features(12, seed=5, n_features=N_FEATURES)
    explainer = Explainer.fit(predictor, background, [10.0])

    found, expected = [], []
    pairs = np.triu_indices(N_FEATURES, 1)
    for row in range(len(patients)):
        patient = patients.iloc[[row]]
        found.append(explain_interactions(explainer, patient, 10.0).values[pairs])
        expected.append(
            interventional_interactions(
                risk_of_states(predictor),
                see_features(predictor, patient)[0],
                see_features(predictor, background),
            )[pairs]
        )
    assert (
        np.abs(np.array(found) - np.array(expected)).mean() < 0.001
    )  # a tenth of a percentage point
    assert np.corrcoef(np.ravel(found), np.ravel(expected))[0, 1] > 0.985


def test_rows_sum_to_the_contributions(predictor: RiskPredictor) -> None:
    explainer = Explainer.fit(predictor, draw_features(200, 6, N_FEATURES), [5.0, 10.0])
    patient = draw_features(1, seed=7, n_features=N_FEATURES)
    found = explain_interactions(explainer, patient, 5.0)
    contributions = explainer.explain(patient, 5.0)
    np.testing.assert_allclose(found.values.sum(axis=1), contributions.values[0], atol=1e-14)
    np.testing.assert_allclose(found.values, found.values.T, atol=1e-14)
    catalogue = [
        Feature(name, f"v{i // 2}", "vital", 0, (f"v{i // 2}",))
        for i, name in enumerate(predictor.feature_names)
    ]
    points = found.by_variable(catalogue)
    expected = 100 * contributions.by_variable(catalogue).iloc[0]
    pd.testing.assert_series_equal(points.sum(axis=1), expected, check_names=False)


def test_more_than_one_patient_is_refused(predictor: RiskPredictor) -> None:
    explainer = Explainer.fit(predictor, draw_features(20, 6, N_FEATURES), [10.0])
    with pytest.raises(ModelError, match="one patient; 2"):
        explain_interactions(explainer, draw_features(2, 7, N_FEATURES), 10.0)


def test_each_variable_has_the_partner_that_it_shares_most_with(predictor: RiskPredictor) -> None:
    explainer = Explainer.fit(predictor, draw_features(100, 6, N_FEATURES), [10.0])
    catalogue = [Feature(name, name, "vital", 0, (name,)) for name in predictor.feature_names]
    patients = draw_features(12, seed=8, n_features=N_FEATURES, missing=0.0)
    partners = find_partners(explainer, patients, 10.0, catalogue)
    assert set(partners) == set(predictor.feature_names)
    assert all(name != other for name, other in partners.items())
    assert find_partners(explainer, patients.iloc[:0], 10.0, catalogue) == {}
