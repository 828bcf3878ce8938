from __future__ import annotations

import numpy as np
import pytest

from features.derivation.catalogue import derive_features
from features.dictionary.dictionary import Dictionary
from features.simulation import simulate_cohort
from models.progression.training.priors import list_excluded
from models.progression.training.progression_model import LaterScans, ProgressionModel
from tests.growing import later_table


@pytest.mark.slow
def test_no_effectless_treatment_is_among_the_three_strongest_reasons_of_2000_patients() -> None:
    cohort = simulate_cohort(2000, 31, with_lesions=False)
    X = derive_features(cohort.covariates, Dictionary.load())
    scans = LaterScans.of_table(later_table(cohort), cohort.covariates)
    model = ProgressionModel(n_threads=1).fit(X, scans)
    patients = model.predictor_.patients(X, scans.first, scans.bmi)
    excluded = list_excluded(Dictionary.load())
    taken = [name for name in excluded if name in cohort.covariates]
    carriers = cohort.covariates[taken].apply(lambda one: (one != one.mode()[0]).sum())
    assert (carriers > 10).sum() >= 5
    for threshold in (None, 100.0):
        values = model.explainer_.explain(X, patients, 5.0, threshold).values
        strongest = np.argsort(-np.abs(values.to_numpy()), axis=1)[:, :3]
        named = set(values.columns[np.unique(strongest)])
        assert named.isdisjoint(excluded)
