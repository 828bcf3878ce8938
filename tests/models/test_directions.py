"""A direction of the dictionary is a promise about the variable, with all that follows from it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import CATALOGUE, derive_features, learnable
from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary
from features.dictionary.published_priors import load_priors
from features.dictionary.variable import Variable
from features.endpoint import Endpoint
from features.intake.lesions.lesion_summary import summarise_lesions
from features.simulation.cohort import simulate_cohort
from models.calcium_reading import read_features
from models.risk.risk_model import RiskModel
from tests.fast_part import fast_only

DICTIONARY = Dictionary.load()
DIRECTED = [variable for variable in DICTIONARY.values() if variable.monotone]
N_PATIENTS, N_FITTED = 400, 3_000
# what describes the same calcium, and would contradict a score that moves alone from 0
OF_CALCIUM = [v.name for v in DICTIONARY.values() if v.group in ("calcium", "morphology")]


@pytest.fixture(scope="module")
def covariates() -> pd.DataFrame:
    drawn = simulate_cohort(N_FITTED + N_PATIENTS, seed=31)
    assert drawn.lesions is not None
    table = drawn.covariates
    for name, sums in summarise_lesions(drawn.lesions).items():
        own = table[name] if name in table else pd.Series(np.nan, table.index)
        table[name] = own.where(own.notna(), sums.reindex(table.index))
    return table


@pytest.fixture(scope="module")
def model(covariates: pd.DataFrame) -> RiskModel:
    outcome = simulate_cohort(N_FITTED + N_PATIENTS, seed=31, with_lesions=False).endpoint
    followed = outcome.iloc[:N_FITTED]
    endpoint = Endpoint(followed["time"].to_numpy(), followed["event"].to_numpy())
    return RiskModel(
        monotone={feature.name: feature.monotone for feature in CATALOGUE if feature.monotone},
        priors=load_priors(DICTIONARY),
        widths=(1.0,),
        penalties=(),
        n_folds=3,
        max_rounds=60,
        n_threads=1,
    ).fit(learnable(derive_features(covariates.iloc[:N_FITTED])), endpoint)


@pytest.mark.parametrize("missing", fast_only([0.4], [0.0, 0.4]), ids=["recorded", "with gaps"])
@pytest.mark.parametrize("variable", DIRECTED, ids=lambda variable: variable.name)
def test_moving_a_variable_in_its_direction_never_lowers_the_hazard_of_the_event(
    model: RiskModel, covariates: pd.DataFrame, variable: Variable, missing: float
) -> None:
    draws = np.random.default_rng(len(variable.name))
    patients = covariates.iloc[N_FITTED:].copy()
    holes = draws.random(patients.shape) < missing
    patients = patients.mask(pd.DataFrame(holes, patients.index, patients.columns))
    if variable.group in ("calcium", "morphology"):
        some = (patients["cac_agatston"] > 0).to_numpy()
        patients.loc[~some, OF_CALCIUM] = np.nan
    steps = _steps(variable, patients, draws)
    asked = [patients.assign(**{variable.name: step}) for step in steps]
    margins = model.predict_margin(learnable(derive_features(pd.concat(asked))))[:, 0]
    moved = np.diff(margins.reshape(len(steps), -1), axis=0) * variable.monotone
    possible = np.all([_is_possible(one) for one in asked], axis=0)
    assert possible.mean() > 0.3
    assert moved[:, possible].min() >= -1e-6


def _is_possible(patients: pd.DataFrame) -> np.ndarray:
    """No row that intake would reject: cholesterol below its parts, a never-smoker's pack-years."""
    parts = patients["hdl_cholesterol"].fillna(50) + patients["triglycerides"].fillna(120) / 5
    smoked = (patients["pack_years"] > 0) | (patients["cigarettes_per_day"] > 0)
    never = (patients["smoking_status"] == "never") & smoked
    return np.asarray(~(patients["total_cholesterol"] < parts + 10) & ~never)


def _steps(
    variable: Variable, patients: pd.DataFrame, draws: np.random.Generator
) -> list[np.ndarray | str | float]:
    if variable.kind == "category":
        return list(variable.codes)
    if variable.kind == "boolean":
        return [0.0, 1.0]
    recorded = patients[variable.name].dropna() if variable.name in patients else pd.Series()
    low, high = variable.limits
    start = np.full(len(patients), 0.3 * low + 0.7 * min(low + 100, high))
    if len(recorded):
        start = draws.choice(recorded.to_numpy(np.float64), len(patients))
    return [np.clip(start * factor, low, high) for factor in (0.8, 0.95, 1.0, 1.02, 1.3, 2.0)]


@pytest.mark.parametrize("missing", fast_only([0.3], [0.0, 0.3]), ids=["recorded", "with gaps"])
def test_some_calcium_never_has_less_hazard_than_none(
    model: RiskModel, covariates: pd.DataFrame, missing: float
) -> None:
    draws = np.random.default_rng(5)
    patients = covariates.iloc[N_FITTED:].copy()
    patients[OF_CALCIUM] = np.nan
    dense = {
        "cac_density_score": draws.choice([1.0, 2.5, 4.0], N_PATIENTS),
        "cac_density_hu": draws.uniform(130, 900, N_PATIENTS),
        "lesion_count": draws.integers(1, 9, N_PATIENTS).astype(float),
    }
    patients = patients.assign(**dense)
    holes = draws.random(patients.shape) < missing
    patients = patients.mask(pd.DataFrame(holes, patients.index, patients.columns))
    scores = (0.0, 1.0, 2.0, 5.0, 20.0, 100.0, 400.0)
    asked = pd.concat([patients.assign(cac_agatston=score) for score in scores])
    asked.loc[asked["cac_agatston"] == 0, "lesion_count"] = 0.0
    columns, names = Columns(asked, DICTIONARY), model.predictor_.feature_names
    derived = derive_features(columns, DICTIONARY, names)
    told = read_features(model.predictor_, columns, derived)
    hazards = model.predictor_.margin(told)[:, 0].reshape(len(scores), -1)
    assert np.diff(hazards, axis=0).min() >= -1e-6
    plain = model.predictor_.margin(derived)[:, 0]
    assert np.diff(plain.reshape(len(scores), -1), axis=0).min() < -0.01


def test_a_total_that_leaves_hardly_any_ldl_has_no_more_hazard_than_one_that_leaves_some(
    model: RiskModel, covariates: pd.DataFrame
) -> None:
    draws = np.random.default_rng(9)
    patients = covariates.iloc[N_FITTED:].drop(columns="ldl_cholesterol")
    holes = pd.DataFrame(draws.random(patients.shape) < 0.4, patients.index, patients.columns)
    parts = ["hdl_cholesterol", "triglycerides"]
    patients = patients.mask(holes.assign(**dict.fromkeys(parts, False)))
    totals = np.arange(50.0, 130.0, 4.0)
    asked = pd.concat([patients.assign(total_cholesterol=total) for total in totals])
    margins = model.predict_margin(learnable(derive_features(asked)))[:, 0]
    possible = totals[:-1, None] > patients["hdl_cholesterol"].to_numpy()
    moved = np.diff(margins.reshape(len(totals), -1), axis=0)
    assert possible.any(axis=1).all()
    assert moved[possible].min() >= -1e-6
