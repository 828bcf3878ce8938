"""What the stage evaluate says beyond the model alone: scores, groups, steps, decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from models.evaluation.comparisons.standing import LINEAR_PARTS
from pipeline.evaluation.evaluation import MODEL
from pipeline.evaluation.recipe_validation import Validated
from pipeline.evaluation.rivals import name_rivals
from pipeline.settings.params import Params

if TYPE_CHECKING:
    from features.array_types import FloatArray
    from features.cohort import Cohort
    from features.dictionary.dictionary import Dictionary
    from features.endpoint import Endpoint
    from pipeline.evaluation.evaluation import Predicted

Tables = dict[str, pd.DataFrame]

# the longest first, so that no process waits for another at the end
_TABLES = ("reference_scores", "subgroups", "decision_curve", "reclassification")


def tabulate_evaluations(
    evaluations: Mapping[str, Predicted],
    cohort: Cohort,
    params: Params,
    advance: Callable[[], None] = lambda: None,
    pool: Executor | None = None,
) -> Tables:
    """reference_scores, subgroups, subgroup_gaps, decision_curve and reclassification.

    ``advance`` is called after each task of `count_tasks`; in a ``pool`` of processes they run side
    by side, to the same results.
    """
    tasks = [
        _Task(
            name,
            table,
            one.endpoint,
            _unlike(risks_at(one, k)),
            cohort.covariates.loc[one.X.index],
            horizon,
        )
        for name, one in evaluations.items()
        for table in _TABLES
        for k, horizon in enumerate(one.horizons)
    ]
    n_tables = len(tasks) // len(_TABLES)
    make = partial(_tabulate, params=params, n_tables=n_tables, dictionary=cohort.dictionary)
    all_made = map(make, tasks) if pool is None else pool.map(make, tasks)
    parts: dict[str, list[pd.DataFrame]] = {}
    for task, made in zip(tasks, all_made, strict=True):
        for table, rows in made.items():
            if len(rows):
                rows.insert(0, "evaluation", task.evaluation)
                parts.setdefault(table, []).append(rows)
        advance()
    return {table: pd.concat(rows, ignore_index=True) for table, rows in parts.items()}


def count_tasks(evaluations: Mapping[str, Predicted]) -> int:
    """How often `tabulate_evaluations` reports."""
    return sum(len(_TABLES) * len(one.horizons) for one in evaluations.values())


def risks_at(one: Predicted, k: int) -> dict[str, FloatArray]:
    """Each model's risks (n,) by the horizon at place ``k``."""
    return {name: np.ascontiguousarray(risk[:, k]) for name, risk in one.risks.items()}


def _unlike(risks: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Without its linear part where that is the model itself: nothing is compared with itself."""
    own = risks[MODEL]
    return {
        name: risk
        for name, risk in risks.items()
        if name not in LINEAR_PARTS or not np.allclose(risk, own, rtol=0, atol=1e-9)
    }


@dataclass(frozen=True)
class _Task:
    """One kind of table of one evaluation at one horizon."""

    evaluation: str
    table: str
    endpoint: Endpoint
    risks: dict[str, FloatArray]
    covariates: pd.DataFrame
    horizon: float


def _tabulate(task: _Task, params: Params, n_tables: int, dictionary: Dictionary) -> Tables:
    from models.evaluation.comparisons.score_comparison import compare_scores, score_risks
    from models.reference_scores.registry import REFERENCE_SCORES

    endpoint, risks, horizon = task.endpoint, task.risks, task.horizon
    seed, n_bootstrap = params.seed, params.evaluate.n_bootstrap
    if task.table == "subgroups":
        figures, gaps = _measure_groups(task, params, n_tables, dictionary)
        return {"subgroups": figures.assign(model=MODEL), "subgroup_gaps": gaps}
    scores = score_risks(task.covariates, REFERENCE_SCORES, horizon)
    if task.table == "reference_scores":
        return {
            task.table: compare_scores(endpoint, risks[MODEL], scores, horizon, seed, n_bootstrap)
        }
    if task.table == "decision_curve":
        return {task.table: _decide(endpoint, risks, scores, horizon, params)}
    return {task.table: _reclassify(endpoint, risks, scores, horizon, params)}


def _measure_groups(
    task: _Task, params: Params, n_tables: int, dictionary: Dictionary
) -> tuple[pd.DataFrame, pd.DataFrame]:
    from models.evaluation.comparisons.subgroups import GapLimits, find_groups, measure_groups

    chosen = params.evaluate.subgroups
    limits = GapLimits(
        chosen.min_events, chosen.max_c_index_gap, chosen.max_calibration_gap, n_tables
    )
    groups, drawn = find_groups(task.covariates, dictionary), params.evaluate.n_bootstrap
    judged = task.endpoint, task.risks[MODEL], groups, task.horizon
    return measure_groups(*judged, params.seed, drawn, limits, dictionary)


def _decide(
    endpoint: Endpoint,
    risks: Mapping[str, FloatArray],
    scores: Mapping[str, FloatArray],
    horizon: float,
    params: Params,
) -> pd.DataFrame:
    """Curves of the patients whom all scores drawn cover, so that they can be compared."""
    from models.evaluation.comparisons.decisions import decision_curve

    chosen = params.evaluate.decision
    covering = {n: r for n, r in scores.items() if np.isfinite(r).mean() >= chosen.min_coverage}
    drawn = {**risks, **covering}
    both = np.all([np.isfinite(risk) for risk in drawn.values()], axis=0)
    if not (endpoint.event[both] == 1).any():
        drawn, both = dict(risks), np.ones(len(endpoint), dtype=np.bool_)
    kept = {name: risk[both] for name, risk in drawn.items()}
    rest = endpoint.take(both)
    if rest.time.max() < horizon:
        return pd.DataFrame()
    return decision_curve(
        rest, kept, horizon, chosen.thresholds, params.seed, params.evaluate.n_bootstrap
    )


def _reclassify(
    endpoint: Endpoint,
    risks: Mapping[str, FloatArray],
    scores: Mapping[str, FloatArray],
    horizon: float,
    params: Params,
) -> pd.DataFrame:
    """The model against each of its parts and each score that covers enough."""
    from models.evaluation.comparisons.decisions import reclassify
    from models.evaluation.comparisons.score_comparison import MIN_EVENTS

    tables = []
    for name, reference in {**risks, **scores}.items():
        known = np.isfinite(reference)
        seen = (endpoint.event == 1) & (endpoint.time <= horizon) & known
        if name == MODEL or seen.sum() < MIN_EVENTS or endpoint.time[known].max() < horizon:
            continue
        table = reclassify(
            endpoint,
            risks[MODEL],
            reference,
            horizon,
            params.evaluate.decision.categories,
            params.seed,
            params.evaluate.n_bootstrap,
        )
        tables.append(table.assign(model=MODEL, reference=name))
    if not tables:
        return pd.DataFrame()
    joined = pd.concat(tables, ignore_index=True)
    first = ["horizon", "model", "reference"]
    return joined[[*first, *(name for name in joined if name not in first)]]


def tabulate_steps(
    name: str,
    validated: Validated,
    endpoint: Endpoint,
    horizons: tuple[float, ...],
    params: Params,
) -> pd.DataFrame:
    """incremental: what each further group of features adds, on the patients held out."""
    from models.evaluation.comparisons.incremental import measure_steps

    if not validated.steps:
        return pd.DataFrame()
    rows, risks = validated.held_out, validated.predictions.risks
    named = {
        step: risks[MODEL if step == validated.steps[-1] else step] for step in validated.steps
    }
    tables = [
        measure_steps(
            endpoint.take(rows),
            {step: risk[rows, k] for step, risk in named.items()},
            horizon,
            params.seed,
            params.evaluate.n_bootstrap,
        )
        for k, horizon in enumerate(horizons)
    ]
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "evaluation", name)
    return table


def tabulate_repeats(
    validated: Validated, endpoint: Endpoint, horizons: tuple[float, ...]
) -> pd.DataFrame:
    """Each metric of each repeat of the folds; empty where there is one. No risk is averaged."""
    from models.evaluation.comparisons.paired_risks import Arm, measure_arms
    from models.evaluation.comparisons.score_comparison import SHOWN

    if not validated.others:
        return pd.DataFrame()
    rows = []
    for number, predictions in enumerate((validated.predictions, *validated.others), start=1):
        names = [MODEL, *name_rivals(endpoint).names]
        held_out = np.asarray(predictions.fold >= 0)
        for k, horizon in enumerate(horizons):
            arms = {name: Arm(predictions.risks[name][:, k], held_out) for name in names}
            for name, figures in measure_arms(endpoint, arms, horizon, 0, 0).items():
                rows += [
                    [number, name, metric, horizon, figures.estimate(metric)] for metric in SHOWN
                ]
    return pd.DataFrame(rows, columns=["repeat", "model", "metric", "horizon", "estimate"])


def measure_censoring(evaluations: Mapping[str, Predicted]) -> pd.DataFrame:
    """The model's figures if censoring depends on the features; empty where few are censored."""
    from models.evaluation.dependent_censoring import measure_dependence

    tables = []
    for name, one in evaluations.items():
        for k, horizon in enumerate(one.horizons):
            table = measure_dependence(one.X, one.endpoint, one.risks[MODEL][:, k], horizon)
            if len(table):
                table.insert(0, "evaluation", name)
                tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def describe_cohort(cohort: Cohort) -> Tables:
    """table_one, missingness, and whom each reference score covers."""
    from features.description import missingness, table_one
    from models.evaluation.comparisons.score_comparison import describe_coverage
    from models.reference_scores.registry import REFERENCE_SCORES

    return {
        "table_one": table_one(cohort, cohort.dictionary),
        "missingness": missingness(cohort),
        "reference_coverage": describe_coverage(cohort.covariates, REFERENCE_SCORES),
    }
