"""A small progression model of simulated patients, for every test that needs one."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from features.derivation.catalogue import derive_features
from features.dictionary.dictionary import Dictionary
from features.simulation import SimulatedCohort, simulate_cohort
from models.progression.law.growth_law import Patients
from models.progression.training.progression_model import LaterScans, ProgressionModel

FEATURES = [
    *("age", "sex_male", "systolic_bp", "bmi", "diabetes", "family_history", "log_cac"),
    *("cac_zero", "glucose", "hdl_cholesterol", "statin_intensity_high", "log_vitamin_k2"),
]


@dataclass(frozen=True)
class Trained:
    """A model of 1,500 simulated patients, and what it was trained on."""

    cohort: SimulatedCohort
    X: pd.DataFrame
    scans: LaterScans
    model: ProgressionModel

    @property
    def patients(self) -> Patients:
        return self.model.predictor_.patients(self.X, self.scans.first, self.scans.bmi)


def later_table(cohort: SimulatedCohort) -> pd.DataFrame:
    """The later scans of a simulated cohort, one row each."""
    parts = [
        cohort.later_scans[[f"{scan}_years", f"{scan}_agatston"]]
        .set_axis(["years", "cac_agatston"], axis=1)
        .dropna()
        for scan in ("scan2", "scan3")
    ]
    return pd.concat(parts)


def train() -> Trained:
    """The model; a few seconds."""
    cohort = simulate_cohort(1500, 12, with_lesions=False)
    X = derive_features(cohort.covariates, Dictionary.load())[FEATURES]
    scans = LaterScans.of_table(later_table(cohort), cohort.covariates)
    model = ProgressionModel(n_folds=3, max_rounds=5, n_threads=1, early_stopping_rounds=3)
    return Trained(cohort, X, scans, model.fit(X, scans))
