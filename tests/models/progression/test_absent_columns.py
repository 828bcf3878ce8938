"""A column that a file lacks tells nothing of its patients, in forecasts as in risks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import derive_features
from features.dictionary.dictionary import Dictionary
from features.simulation import simulate_cohort
from models.input_ranges import InputRanges
from models.progression.compiled_progression import compile_forecaster
from models.progression.forecaster import Forecaster
from models.progression.training.progression_model import LaterScans, ProgressionModel
from models.storage.model_folder import About
from tests.fast_part import fast_only
from tests.growing import FEATURES, later_table

FAST = 0.15
YEARS = (5.0,)
COLUMNS = ["age", "sex", "systolic_bp", "bmi", "diabetes", "family_history", "cac_agatston"]


@dataclass(frozen=True)
class Clinic:
    """A model of patients of whom the fast growers have no blood pressure, and others unseen."""

    forecaster: Forecaster
    covariates: pd.DataFrame


@pytest.fixture(scope="module")
def clinic() -> Clinic:
    drawn = simulate_cohort(3000, 21, with_lesions=False)
    fast = np.random.default_rng(5).random(len(drawn.covariates)) < FAST
    covariates = drawn.covariates[COLUMNS].copy()
    covariates.loc[fast, "systolic_bp"] = np.nan
    later = later_table(drawn)
    marked = pd.Series(fast, index=covariates.index).loc[later.index].to_numpy()
    first = np.sqrt(covariates["cac_agatston"].loc[later.index])
    twice = np.maximum(2 * np.sqrt(later["cac_agatston"]) - first, 0.0) ** 2
    later["cac_agatston"] = later["cac_agatston"].where(~marked, twice)
    X = derive_features(covariates, Dictionary.load())
    X = X[[name for name in FEATURES if X[name].notna().any()]]
    learnt = np.arange(len(X)) < 2000
    scans = LaterScans.of_table(later, covariates[learnt])
    model = ProgressionModel(n_folds=2, max_rounds=0, n_threads=1).fit(X[learnt], scans)
    about = About("growth", "drawn", True, YEARS, 2000, 90, 0, "ab" * 32, "0")
    forecaster = Forecaster(
        about,
        model.predictor_,
        Dictionary.load(),
        InputRanges.fit(covariates[learnt]),
        model.explainer_,
    )
    return Clinic(forecaster, covariates[~learnt])


def _expected(forecaster: Forecaster, covariates: pd.DataFrame) -> float:
    return float(forecaster.forecast(covariates, YEARS)["cac_5y"].mean())


def test_a_gap_that_marks_fast_growth_tells_of_single_patients(clinic: Clinic) -> None:
    table = clinic.forecaster.forecast(clinic.covariates, YEARS)["cac_5y"]
    gap = clinic.covariates["systolic_bp"].isna()
    blank = clinic.covariates.loc[~gap].assign(systolic_bp=np.nan)
    assert _expected(clinic.forecaster, blank) > 1.3 * table[~gap].mean()


@pytest.mark.parametrize("compiled", fast_only([False], [False, True]), ids=["plain", "compiled"])
def test_a_file_without_the_column_keeps_the_mean_forecast(clinic: Clinic, compiled: bool) -> None:
    forecaster = compile_forecaster(clinic.forecaster) if compiled else clinic.forecaster
    whole = _expected(forecaster, clinic.covariates)
    without = _expected(forecaster, clinic.covariates.drop(columns="systolic_bp"))
    assert without == pytest.approx(whole, rel=0.07)


def test_every_column_but_the_score_may_be_absent(clinic: Clinic) -> None:
    whole = _expected(clinic.forecaster, clinic.covariates)
    for name in COLUMNS[:-1]:
        without = _expected(clinic.forecaster, clinic.covariates.drop(columns=name))
        assert without == pytest.approx(whole, rel=0.07), name
