from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import CATALOGUE, derive_features, learnable
from features.dictionary.dictionary import Dictionary
from features.dictionary.published_priors import load_priors
from features.endpoint import Endpoint
from features.intake.lesions.lesion_summary import summarise_lesions
from features.simulation.cohort import SimulatedCohort, simulate_cohort
from models.risk.risk_model import RiskModel
from models.uncertainty.coverage import CAC_GROUPS, cac_group, measure_coverage
from models.uncertainty.fitting import fit_uncertainty
from tests.models.conftest import draw_cohort

PRIORS = load_priors(Dictionary.load())
MONOTONE = {feature.name: feature.monotone for feature in CATALOGUE if feature.monotone}


def test_intervals_are_calibrated_where_the_truth_is_simple() -> None:
    X_new, _ = draw_cohort(2_000, seed=50)
    held = []
    for seed in range(8):
        X, endpoint = draw_cohort(700, seed=60 + seed)
        model = RiskModel(n_folds=2, max_rounds=40, minimum_events=20, n_threads=1).fit(X, endpoint)
        limits = fit_uncertainty(model).interval(X_new, [5.0])[:, 0]
        event, other = (
            0.05 * np.exp(0.7 * X_new["a"] - 0.5 * X_new["b"]),
            0.03 * np.exp(0.6 * X_new["b"]),
        )
        total = event + other
        truth = (event / total * (1 - np.exp(-5 * total))).to_numpy()
        held.append(((limits[:, 0] <= truth) & (truth <= limits[:, 1])).mean())
    assert 0.8 <= np.mean(held) <= 0.99


def _known(cohort: SimulatedCohort) -> pd.DataFrame:
    """Covariates with what the table of lesions adds to them."""
    assert cohort.lesions is not None
    known = cohort.covariates.copy()
    for name, sums in summarise_lesions(cohort.lesions).items():
        own = known[name] if name in known else pd.Series(np.nan, known.index)
        known[str(name)] = own.where(own.notna(), sums.reindex(known.index))
    return known


@pytest.mark.slow
def test_nine_in_ten_true_risks_lie_within_the_interval_in_every_calcium_group() -> None:
    test = simulate_cohort(20_000, seed=900)
    X_test = learnable(derive_features(_known(test)))
    truth = test.truth["true_risk_10y"].to_numpy()
    group = cac_group(test.covariates["cac_agatston"].to_numpy())
    tables = []
    for seed in (901, 902, 903):
        cohort = simulate_cohort(6_800, seed=seed)
        table = cohort.endpoint
        endpoint = Endpoint(table["time"].to_numpy(), table["event"].to_numpy())
        X = learnable(derive_features(_known(cohort)))
        model = RiskModel(monotone=MONOTONE, priors=PRIORS, n_threads=1, seed=seed).fit(X, endpoint)
        limits = fit_uncertainty(model).interval(X_test, [10.0])[:, 0]
        tables.append(measure_coverage(limits, truth, group)["coverage"])
    for name in ("all", *CAC_GROUPS):
        # three cohorts tell a mean to about two points
        assert 0.83 <= np.mean([table[name] for table in tables]) <= 0.97, name
