"""Forecasts of later scores beside the alternatives, against the truth of the simulated cohort.

``python -m benchmarks.progression`` prints three tables: expected CRPS after 2.5, 5 and 10 years of
held-out patients; what progression adds to the ranking of events; patients forecast a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import typer

from features.array_types import FloatArray
from features.derivation.catalogue import derive_features
from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary
from features.simulation import SimulatedCohort, simulate_cohort
from features.simulation.growth import TrueGrowth
from models.input_ranges import InputRanges
from models.progression.compiled_progression import compile_forecaster
from models.progression.evaluation import GRID, expected_crps
from models.progression.forecaster import Forecaster
from models.progression.law.likelihood import Observations
from models.progression.law.normal import normal_cdf
from models.progression.rivals import (
    carry_forward,
    constant_absolute,
    constant_relative,
    published_law,
)
from models.progression.training.priors import list_known
from models.progression.training.progression_model import LaterScans, ProgressionModel
from models.storage.model_folder import About

# From features of patients, first scores and years to distribution functions on `GRID`.
Forecast = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]

YEARS = (2.5, 5.0, 10.0)
SHARES = np.linspace(0.02, 0.98, 25)
SEED, PATIENTS, HELD_OUT = 20261, 6800, 1700


@dataclass(frozen=True)
class Task:
    """Scans to learn from: inputs (s, p) with first score and years among them, score seen."""

    inputs: FloatArray
    seen: FloatArray


def _inputs(X: FloatArray, first: FloatArray, years: FloatArray) -> FloatArray:
    return np.column_stack([X, np.sqrt(first), np.log1p(first), years, np.sqrt(first) * years])


def ridge(task: Task) -> Forecast:
    """Ridge regression of ln(CAC + 1), one normal spread, censored at zero."""
    from sklearn.linear_model import RidgeCV
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(task.inputs)
    model = RidgeCV(np.logspace(-1, 4, 12)).fit(scaler.transform(task.inputs), np.log1p(task.seen))
    spread = float(np.std(np.log1p(task.seen) - model.predict(scaler.transform(task.inputs))))

    def forecast(X: FloatArray, first: FloatArray, years: FloatArray) -> FloatArray:
        centre = model.predict(scaler.transform(_inputs(X, first, years)))
        return normal_cdf((np.log1p(GRID) - centre[:, None]) / spread)

    return forecast


def quantile_forest(task: Task) -> Forecast:
    """Quantile forest (Meinshausen 2006): scores of the scans that share leaves with a patient."""
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(60, min_samples_leaf=15, max_features=0.4, random_state=0)
    model.fit(task.inputs, np.sqrt(task.seen))
    leaves = model.apply(task.inputs)

    def forecast(X: FloatArray, first: FloatArray, years: FloatArray) -> FloatArray:
        below = (task.seen[:, None] <= GRID).astype(np.float64)
        share = np.zeros((len(X), len(GRID)))
        for tree, own in enumerate(model.apply(_inputs(X, first, years)).T):
            sorted_by_leaf = np.argsort(leaves[:, tree], kind="stable")
            order, first_of = np.unique(leaves[sorted_by_leaf, tree], return_index=True)
            mean = np.add.reduceat(below[sorted_by_leaf], first_of, axis=0)
            mean /= np.diff(np.append(first_of, len(below)))[:, None]
            share += mean[np.searchsorted(order, own)]
        return np.asarray(share / leaves.shape[1])

    return forecast


def boosted_quantiles(task: Task) -> Forecast:
    """Plain XGBoost, one output per quantile of the square root; crossing ones are sorted."""
    from xgboost import XGBRegressor

    model = XGBRegressor(
        objective="reg:quantileerror", quantile_alpha=SHARES, n_estimators=120, max_depth=3,
        learning_rate=0.1, subsample=0.7, colsample_bytree=0.5, n_jobs=1,
    ).fit(task.inputs, np.sqrt(task.seen))  # fmt: skip

    def forecast(X: FloatArray, first: FloatArray, years: FloatArray) -> FloatArray:
        roots = np.sort(np.maximum(model.predict(_inputs(X, first, years)), 0.0), axis=1)
        return np.array(
            [np.interp(GRID, row**2, SHARES, left=0.0, right=1.0) for row in roots.astype(float)]
        )

    return forecast


def boosted_normal(task: Task) -> Forecast:
    """As NGBoost: boosted mean and boosted spread of a normal law, on the square root."""
    from xgboost import XGBRegressor

    settings = {"n_estimators": 150, "max_depth": 3, "learning_rate": 0.08, "subsample": 0.7,
                "colsample_bytree": 0.5, "n_jobs": 1}  # fmt: skip
    halves = np.arange(len(task.seen)) % 2 == 0
    mean = XGBRegressor(**settings).fit(task.inputs, np.sqrt(task.seen))
    other = XGBRegressor(**settings).fit(task.inputs[halves], np.sqrt(task.seen[halves]))
    off = np.sqrt(task.seen[~halves]) - other.predict(task.inputs[~halves])
    spread = XGBRegressor(**{**settings, "objective": "reg:gamma", "n_estimators": 60})
    spread.fit(task.inputs[~halves], off**2 + 1e-3)

    def forecast(X: FloatArray, first: FloatArray, years: FloatArray) -> FloatArray:
        inputs = _inputs(X, first, years)
        width = np.sqrt(spread.predict(inputs))[:, None]
        return normal_cdf((np.sqrt(GRID) - mean.predict(inputs)[:, None]) / width)

    return forecast


RIVALS: dict[str, Callable[[Task], Forecast]] = {
    "ridge on ln(CAC + 1)": ridge,
    "quantile forest": quantile_forest,
    "XGBoost quantiles": boosted_quantiles,
    "boosted normal (as NGBoost)": boosted_normal,
}


def later_scans(cohort: SimulatedCohort) -> pd.DataFrame:
    """The later scans of a simulated cohort, one row each."""
    parts = [
        cohort.later_scans[[f"{scan}_years", f"{scan}_agatston"]]
        .set_axis(["years", "cac_agatston"], axis=1)
        .dropna()
        for scan in ("scan2", "scan3")
    ]
    return pd.concat(parts)


def compare() -> tuple[pd.DataFrame, ProgressionModel, SimulatedCohort]:
    """Expected CRPS by forecast (rows) and years; the oracle is the truth itself."""
    cohort = simulate_cohort(PATIENTS, SEED, with_lesions=False)
    X = derive_features(cohort.covariates, Dictionary.load())
    held = np.zeros(PATIENTS, dtype=bool)
    held[np.random.default_rng(0).permutation(PATIENTS)[:HELD_OUT]] = True
    scans = LaterScans.of_table(later_scans(cohort), cohort.covariates[~held])
    model = ProgressionModel(n_threads=1).fit(X[~held], scans)
    typer.echo(model.report_)
    known = [name for name in list_known(Dictionary.load()) if name in X]
    filled = X[known].fillna(X[known].median()).fillna(0.0).to_numpy(np.float64)
    of = scans.observations()
    task = Task(_inputs(filled[~held][scans.patient], of.first, of.years), of.seen)
    covariates = cohort.covariates[held]
    first, bmi = (covariates[name].to_numpy(np.float64) for name in ("cac_agatston", "bmi"))
    age, male = covariates["age"].to_numpy(np.float64), covariates["sex"].eq("male").to_numpy()
    patients = model.predictor_.patients(X[held], first, bmi)
    growth = TrueGrowth.from_truth(cohort.truth[held])
    fitted = {name: learn(task) for name, learn in RIVALS.items()}
    table: dict[str, dict[str, float]] = {}
    for after in YEARS:
        years = np.full(HELD_OUT, after)
        now = Observations(first, first, years, bmi)
        grid = np.broadcast_to(GRID, (HELD_OUT, len(GRID)))
        cdfs = {
            "calcirisk": model.predictor_.law.cdf(patients, grid, years),
            **{name: rival(filled[held], first, years) for name, rival in fitted.items()},
            "constant absolute growth": constant_absolute(of, now, GRID),
            "constant relative growth": constant_relative(of, now, GRID),
            "published law (HNR)": published_law(now, age, male, GRID),
            "score carried forward": carry_forward(now, GRID),
        }
        truth = growth.cdf(GRID, after)
        for name, cdf in cdfs.items():
            own, best = expected_crps(cdf, truth)
            table.setdefault("oracle", {})[f"{after:g}"] = float(best.mean())
            table.setdefault(name, {})[f"{after:g}"] = float(own.mean())
    return pd.DataFrame(table).T, model, cohort


def added_value(n: int = 30_000, seed: int = 7) -> pd.DataFrame:
    """C-index of events without and with the change since an earlier scan, beside the latest score.

    Cox regression on patients who had an earlier scan, fitted on one half, judged on the other.
    """
    from lifelines import CoxPHFitter
    from lifelines.utils import concordance_index

    cohort = simulate_cohort(n, seed, with_lesions=False)
    X = derive_features(cohort.covariates, Dictionary.load())
    usual = ["age", "sex_male", "systolic_bp", "diabetes", "smoking_status_current",
             "ldl_cholesterol", "hdl_cholesterol", "bp_treated"]  # fmt: skip
    change = ["cac_change_per_year", "cac_new", "cac_zero_twice"]
    had = cohort.covariates["prior_cac_agatston"].notna()
    table = X.loc[had, [*usual, "log_cac", *change]].copy()
    table = table.fillna(table.median())
    table["time"], table["event"] = cohort.endpoint["time"], cohort.endpoint["event"].eq(1)
    half = np.arange(len(table)) % 2 == 0
    rows = {}
    for name, columns in (
        ("risk factors", usual),
        ("and the latest score", [*usual, "log_cac"]),
        ("and the change", [*usual, "log_cac", *change]),
    ):
        fit = CoxPHFitter(penalizer=1e-3).fit(table.loc[half, [*columns, "time", "event"]],
                                              "time", "event")  # fmt: skip
        other = table[~half]
        risk = fit.predict_log_partial_hazard(other[columns])
        rows[name] = {
            "C-index": concordance_index(other["time"], -risk, other["event"]),
            "patients": len(other),
            "events": int(other["event"].sum()),
        }
    return pd.DataFrame(rows).T


def speed(model: ProgressionModel, cohort: SimulatedCohort, n: int = 100_000) -> dict[str, float]:
    """CPU seconds of ``n`` patients: features, margins, distribution with three thresholds."""
    dictionary = Dictionary.load()
    about = About("p", "synthetic", True, (5.0,), 1, 1, 0, "", "")
    forecaster = compile_forecaster(
        Forecaster(
            about,
            model.predictor_,
            dictionary,
            InputRanges.fit(cohort.covariates),
            model.explainer_,
        )
    )
    rows = np.resize(np.arange(len(cohort.covariates)), n)
    many = cohort.covariates.iloc[rows].reset_index(drop=True)
    forecaster.forecast_checked(Columns.of(many.head(1000), dictionary), (5.0,), (100, 400, 1000))
    columns = Columns.of(many, dictionary)
    wall, started = time.perf_counter(), time.process_time()
    forecaster.forecast_checked(columns, (5.0,), (100, 400, 1000))
    cpu = time.process_time() - started
    return {"patients": n, "cpu_seconds": cpu, "wall_seconds": time.perf_counter() - wall}


def main() -> None:
    """Print the tables."""
    table, model, cohort = compare()
    typer.echo(table.round(2).to_string())
    typer.echo(speed(model, cohort))
    typer.echo(added_value().to_string())


if __name__ == "__main__":
    main()
