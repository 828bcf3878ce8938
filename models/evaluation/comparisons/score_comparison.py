"""The model beside published scores, each on the patients whom the score covers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.disclosure import SMALLEST_COUNT, is_small, round_count, tell_count
from features.endpoint import Endpoint
from models.evaluation.comparisons.paired_risks import (
    Arm,
    Figures,
    difference,
    measure_arms,
    tell_figures,
)
from models.reference_scores.reference_score import Inputs, ReferenceScore
from models.reference_scores.registry import describe_scores

MIN_EVENTS = SMALLEST_COUNT
"""A score that covers fewer events is not compared; its coverage is still told."""

SHOWN = (
    "c_index",
    "uno_c",
    "auc",
    "brier",
    "ipa",
    "mean_risk",
    "observed_risk",
    "observed_over_expected",
    "calibration_in_the_large",
    "calibration_slope",
    "ici",
)


def score_risks(
    covariates: pd.DataFrame, scores: Mapping[str, ReferenceScore], horizon: float
) -> dict[str, FloatArray]:
    """Risk (n,) of each score published for the horizon that covers anyone; NaN where it has none.

    Raises nothing: a score for other horizons is left out.
    """
    inputs = Inputs(covariates)
    risks = {
        name: np.asarray(score.predict_risk(inputs, [horizon])[:, 0], dtype=np.float64)
        for name, score in scores.items()
        if horizon in score.publication.horizons
    }
    return {name: risk for name, risk in risks.items() if np.isfinite(risk).any()}


def compare_scores(
    endpoint: Endpoint,
    model_risk: FloatArray,
    risks: Mapping[str, FloatArray],
    horizon: float,
    seed: int,
    n_bootstrap: int,
) -> pd.DataFrame:
    """Each score (n,) with NaN where it covers nobody, and the model (n,), on the same patients.

    Columns: score, horizon, metric, estimate, lower, upper, model_estimate, difference (model less
    score), difference_lower, difference_upper (95 %, paired), n, events (both in tens), coverage
    (their share). Where a score leaves out patients, risks are told in steps that leave the numbers
    in tens (`tell_figures`).
    """
    arms: dict[tuple[str, bool], Arm] = {}
    for name, risk in risks.items():
        rows = np.isfinite(risk)
        arms[name, False], arms[name, True] = Arm(risk, rows), Arm(model_risk, rows)
    events = (endpoint.event == 1) & (endpoint.time <= horizon)
    kept = {key: arm for key, arm in arms.items() if events[arm.rows].sum() >= MIN_EVENTS}
    measured = measure_arms(endpoint, kept, horizon, seed, n_bootstrap)
    rows_ = [
        _row(name, horizon, metric, measured[name, False], measured[name, True], len(endpoint))
        for name in risks
        if (name, False) in measured
        for metric in SHOWN
    ]
    return pd.DataFrame(rows_)


def _row(
    name: str, horizon: float, metric: str, score: Figures, model: Figures, n_all: int
) -> dict[str, object]:
    n, events = round_count(score.n), round_count(score.events)
    figures = [score.estimate(metric), *score.interval(metric), model.estimate(metric)]
    if score.n < n_all:
        figures = tell_figures(metric, figures, score.n)
    estimate, lower, upper, of_model = figures
    gap, gap_lower, gap_upper = difference(model, score, metric)
    return {
        "score": name,
        "horizon": float(horizon),
        "metric": metric,
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        "model_estimate": of_model,
        "difference": gap,
        "difference_lower": gap_lower,
        "difference_upper": gap_upper,
        "n": n,
        "events": events,
        "coverage": min(1.0, n / round_count(n_all)),
    }


def describe_coverage(
    covariates: pd.DataFrame, scores: Mapping[str, ReferenceScore]
) -> pd.DataFrame:
    """Whom each score covers, and why not the others; counts in tens, 1 to 9 patients as ``<10``.

    Columns: score, horizon, status, variable, rule, patients, share, outcome, valid_range.
    """
    inputs = Inputs(covariates)
    found = pd.concat([one.coverage(inputs) for one in scores.values()], ignore_index=True)
    table = found.rename(columns={"finding": "status"})
    counts = [int(n) for n in table["patients"]]
    everyone = round_count(len(covariates))
    table["patients"] = [tell_count(n) for n in counts]
    table["share"] = [
        np.nan if is_small(n) or not everyone else min(1.0, round_count(n) / everyone)
        for n in counts
    ]
    about = describe_scores(scores.values())[["score", "outcome", "ranges"]]
    return table.merge(about.rename(columns={"ranges": "valid_range"}), on="score", how="left")
