"""How sure forecasts of calcium are: calibration and intervals, seen and against the truth.

``python -m benchmarks.growth_certainty --trainings 3`` trains on that many simulated cohorts and
prints, for each: calibration slopes of passing 100 and 400 as scans showed them and against the
true probabilities of the same patients, and by how much the former scatter by chance; how often the
50, 80 and 90 % intervals hold, likewise; how often the 90 % intervals of margins and of the next
scan hold the truth; and how many patients have a treatment without an effect on calcium among
their three strongest reasons.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
import typer

from benchmarks.progression import HELD_OUT, PATIENTS, later_scans
from features.array_types import BoolArray, FloatArray
from features.derivation.catalogue import derive_features
from features.dictionary.dictionary import Dictionary
from features.simulation import simulate_cohort
from features.simulation.growth import TrueGrowth
from models.margins import REACH
from models.progression.evaluation import LEVELS, calibration_slope, coverage
from models.progression.law.growth_law import Patients
from models.progression.next_scan import CATEGORIES, SHARE, plan_next_scan
from models.progression.predictor import ProgressionPredictor
from models.progression.training.priors import list_excluded
from models.progression.training.progression_model import LaterScans, ProgressionModel

SEEDS = (20261, 1, 2, 3, 4, 5, 6, 7)
EXPLAINED, STRONGEST, YEARS = 2_000, 3, 5.0
_SAMPLED = 300  # patients of a group whose true probabilities are worked out one by one
_GRID_YEARS = np.linspace(0.1, 10.0, 100)
_SHARES = (0.05, 0.1, 0.25, 0.75, 0.9, 0.95)
_ENDS = {0.5: (0.25, 0.75), 0.8: (0.1, 0.9), 0.9: (0.05, 0.95)}


def slope_against(chance: FloatArray, truth: FloatArray) -> tuple[float, float]:
    """Calibration slope against true probabilities, and the scatter of one that scans show."""
    held = np.clip(chance, 1e-6, 1 - 1e-6)
    terms = np.column_stack([np.ones(len(held)), np.log(held / (1 - held))])
    beta = np.array([0.0, 1.0])
    for _ in range(50):
        expected = 1 / (1 + np.exp(-terms @ beta))
        weight = expected * (1 - expected)
        information = (terms * weight[:, None]).T @ terms
        step = np.linalg.solve(information, terms.T @ (truth - expected))
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    return float(beta[1]), float(np.sqrt(np.linalg.inv(information)[1, 1]))


def _true_cdf(growth: TrueGrowth, scores: FloatArray, years: FloatArray) -> FloatArray:
    """True probability (n,) of at most each patient's own score after their own years."""
    found = np.empty(len(scores))
    for row, (score, after) in enumerate(zip(scores, years, strict=True)):
        found[row] = growth.take(np.array([row])).cdf(np.array([score]), float(after))[0, 0]
    return found


def judge_slopes(
    predictor: ProgressionPredictor, scans: LaterScans, patients: Patients, growth: TrueGrowth
) -> pd.DataFrame:
    """Slopes of passing 100 and 400 of those who are not above it at first."""
    of, rows = scans.observations(), []
    years = np.minimum(of.years, predictor.longest)
    for threshold in (100.0, 400.0):
        free = of.first <= threshold
        wanted = np.full((int(free.sum()), 1), threshold)
        chance = 1 - predictor.law.cdf(patients.take(free), wanted, years[free])[:, 0]
        truth = 1 - _true_cdf(growth.take(free), wanted[:, 0], years[free])
        slope, scatter = slope_against(chance, truth)
        passed = of.seen[free] > threshold
        rows.append(
            {"passing": threshold, "scans": int(free.sum()), "events": int(passed.sum()),
             "slope seen": calibration_slope(chance, passed), "against truth": slope,
             "scatter": scatter}
        )  # fmt: skip
    return pd.DataFrame(rows)


def judge_intervals(
    predictor: ProgressionPredictor,
    scans: LaterScans,
    patients: Patients,
    growth: TrueGrowth,
    groups: dict[str, BoolArray],
) -> pd.DataFrame:
    """Share of scans inside each interval, by group: seen, and with true probabilities.

    The latter after five years, of up to 300 patients with calcium at first: of the others many
    quantiles are zero.
    """
    of = scans.observations()
    years = np.minimum(of.years, predictor.longest)
    up_to = predictor.law.cdf(patients, of.seen[:, None], years)[:, 0]
    below = np.where(of.seen == 0, 0.0, up_to)
    scores = predictor.read(predictor.law, patients, (), (YEARS,), _SHARES)[1]
    at = dict(zip(_SHARES, scores[:, 0].T, strict=True))
    five = np.full(len(of), YEARS)
    rows = []
    for name, members in groups.items():
        row: dict[str, float | str] = {"group": name, "scans": int(members.sum())}
        for level in LEVELS:
            row[f"seen {100 * level:.0f}"] = coverage(below[members], up_to[members], level).mean()
        points = np.flatnonzero(members & (of.first > 0))[:_SAMPLED]
        for level, (low, high) in _ENDS.items():
            inside = [_true_cdf(growth.take(points), at[end][points], five[points])
                      for end in (low, high)]  # fmt: skip
            row[f"true {100 * level:.0f}"] = float((inside[1] - inside[0]).mean())
        rows.append(row)
    return pd.DataFrame(rows)


def judge_certainty(
    model: ProgressionModel, X: pd.DataFrame, patients: Patients, growth: TrueGrowth
) -> pd.DataFrame:
    """How often 90 % intervals of margins and of the next scan hold the truth."""
    spread, first = model.explainer_.margin_spread(X), patients.first
    rows = []
    if model.predictor_.law.power == 0.5:  # that of the simulation: else rates are not comparable
        off = (patients.log_rate - np.log(growth.rate))[first > 0]
        held = np.abs(off) <= REACH * spread[first > 0, 0]
        rows.append({"interval of": "rate of growth", "patients": len(off), "holds": held.mean()})
    plan = plan_next_scan(model.predictor_, patients, spread)
    step = _GRID_YEARS[1] - _GRID_YEARS[0]
    edges = CATEGORIES[:3]
    passed = np.stack([1 - growth.cdf(np.array(edges), after) for after in _GRID_YEARS], axis=2)
    for column, threshold in enumerate(edges):
        own = plan.threshold == threshold
        reached = passed[own, column] >= SHARE
        truth = np.where(reached.any(axis=1), _GRID_YEARS[reached.argmax(axis=1)], np.inf)
        held = (plan.soonest[own] - step <= truth) & (truth <= plan.latest[own] + step)
        name = f"years to 25 % above {threshold:g}"
        rows.append({"interval of": name, "patients": int(own.sum()), "holds": held.mean()})
    return pd.DataFrame(rows)


def count_effectless(model: ProgressionModel, X: pd.DataFrame, patients: Patients) -> int:
    """Patients of whom a treatment without an effect is among the strongest reasons."""
    values = model.explainer_.explain(X, patients, YEARS).values
    order = np.argsort(-np.abs(values.to_numpy()), axis=1)[:, :STRONGEST]
    effectless = np.isin(values.columns.to_numpy()[order], list(list_excluded(Dictionary.load())))
    return int(effectless.any(axis=1).sum())


def main(trainings: Annotated[int, typer.Option(help="How many cohorts.")] = 3) -> None:
    """Print the tables of each training."""
    for seed in SEEDS[:trainings]:
        cohort = simulate_cohort(PATIENTS, seed, with_lesions=False)
        X = derive_features(cohort.covariates, Dictionary.load())
        held = np.zeros(PATIENTS, dtype=bool)
        held[np.random.default_rng(0).permutation(PATIENTS)[:HELD_OUT]] = True
        later = later_scans(cohort)
        model = ProgressionModel(n_threads=1).fit(
            X[~held], LaterScans.of_table(later, cohort.covariates[~held])
        )
        predictor, covariates = model.predictor_, cohort.covariates[held]
        scans = LaterScans.of_table(later, covariates)
        everyone = predictor.patients(X[held], scans.first, scans.bmi)
        patients, growth = everyone.take(scans.patient), TrueGrowth.from_truth(cohort.truth[held])
        typer.echo(f"seed {seed}: power {predictor.law.power:g}")
        own = growth.take(scans.patient)
        typer.echo(judge_slopes(predictor, scans, patients, own).round(3).to_string())
        sex = covariates["sex"].to_numpy()[scans.patient]
        groups = {"women": sex == "female", "men": sex == "male"}
        typer.echo(judge_intervals(predictor, scans, patients, own, groups).round(3).to_string())
        typer.echo(judge_certainty(model, X[held], everyone, growth).round(3).to_string())
        rows = np.arange(EXPLAINED)
        some = predictor.patients(
            X.iloc[rows],
            cohort.covariates["cac_agatston"].to_numpy(np.float64)[rows],
            cohort.covariates["bmi"].to_numpy(np.float64)[rows],
        )
        n = count_effectless(model, X.iloc[rows], some)
        typer.echo(f"effectless among the {STRONGEST} strongest of {EXPLAINED} patients: {n}")


if __name__ == "__main__":
    typer.run(main)
