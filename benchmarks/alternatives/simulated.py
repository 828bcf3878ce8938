"""The simulated calcium cohort at several sizes, judged on 20,000 patients of known risk.

A repeat is a new cohort of the size; the patients judged on are the same for all.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.alternatives.cohort import BenchmarkCohort
from features.derivation.catalogue import derive_features, learnable
from features.endpoint import Endpoint
from features.intake.lesions.lesion_summary import summarise_lesions
from features.simulation import SimulatedCohort, simulate_cohort

SIZES = (1_000, 6_800, 50_000, 500_000)
N_TEST, TEST_SEED = 20_000, 9_999
HORIZON = 10.0
TIMES = np.arange(1, 21) * HORIZON / 20


def load_simulated(n_patients: int, repeat: int, n_test: int = N_TEST) -> BenchmarkCohort:
    """The cohort of this size and repeat. Features are those that the product derives."""
    fit = simulate_cohort(n_patients, seed=repeat)
    test = simulate_cohort(n_test, seed=TEST_SEED)
    features = learnable(derive_features(known_of(fit)))
    varying = [name for name in features.columns if features[name].nunique() > 1]
    return BenchmarkCohort(
        f"simulated-{n_patients}",
        features[varying].reset_index(drop=True),
        endpoint_of(fit),
        TIMES,
        (HORIZON / 2, HORIZON),
        (derive_features(known_of(test))[varying].reset_index(drop=True), endpoint_of(test)),
        test.truth[f"true_risk_{HORIZON:g}y"].to_numpy(np.float64),
    )


def known_of(cohort: SimulatedCohort) -> pd.DataFrame:
    """Covariates with what the table of lesions adds to them, as ingest reads the two."""
    known = cohort.covariates.copy()
    assert cohort.lesions is not None
    for name, sums in summarise_lesions(cohort.lesions).items():
        own = known[name] if name in known else pd.Series(np.nan, known.index)
        known[str(name)] = own.where(own.notna(), sums.reindex(known.index))
    return known


def endpoint_of(cohort: SimulatedCohort) -> Endpoint:
    """What was observed of the patients."""
    return Endpoint(cohort.endpoint["time"].to_numpy(), cohort.endpoint["event"].to_numpy())
