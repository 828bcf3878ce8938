"""What the figures say, in plain sentences that never flatter.

The burden of proof is on the model: better is only what the whole interval supports, and a
comparator whose estimate is higher is said to be so even where the interval holds zero.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from models.evaluation.performance import EvaluationResult

CALIBRATION_TOLERANCE = 0.1


def compare_models(
    result: EvaluationResult,
    model: str,
    horizon: float,
    labels: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
) -> list[str]:
    """A sentence per comparator on who ranks patients better, by Harrell's C at the horizon.

    ``result`` must hold the differences of the comparators from ``model``, its reference;
    ``without`` are comparators of which nothing is said.
    """
    table = result.differences
    if table.empty:
        return ["No other model was measured on these patients, so nothing is known of its worth."]
    rows = table[
        (table["metric"] == "c_index")
        & (table["horizon"] == horizon)
        & (table["reference"] == model)
        & ~table["model"].isin(without)
    ]
    names = labels or {}
    return [
        _compare(row, result.value(model, "c_index", horizon), names) for _, row in rows.iterrows()
    ]


def compare_scores(scores: pd.DataFrame, horizon: float) -> list[str]:
    """Which reference scores are not beaten, each in a sentence; those that are, in one.

    ``scores``: score_comparison.compare_scores. By Harrell's C at the horizon, each on the
    patients whom the score covers.
    """
    from models.reference_scores.registry import REFERENCE_SCORES

    rows = scores[(scores["metric"] == "c_index") & (scores["horizon"] == horizon)]
    beaten, sentences = [], []
    for row in rows.to_dict("records"):
        name = REFERENCE_SCORES[row["score"]].title
        if row["difference_lower"] > 0:
            beaten.append(f"{name} ({row['model_estimate']:.4f} against {row['estimate']:.4f})")
            continue
        # as in a table of differences: the other less the model
        paired: dict[Hashable, Any] = {
            "model": name,
            "difference": -row["difference"],
            "lower": -row["difference_upper"],
            "upper": -row["difference_lower"],
            # told in tens: the few whom a score does not cover are nobody's business
            "n": f"about {row['n']}",
        }
        figures = pd.Series(row | paired)
        sentences.append(_compare(figures, float(row["model_estimate"]), {}))
    if beaten:
        listed = "; ".join(beaten)
        sentences.append(
            f"By C-index at {horizon:g} years, on the patients whom each covers, the model beats "
            f"{listed}."
        )
    return sentences


def _compare(row: pd.Series, own: float, labels: Mapping[str, str]) -> str:
    other = str(labels.get(row["model"], row["model"]))
    other = other[0].upper() + other[1:]
    # what no digit shows is no difference
    gain = round(-float(row["difference"]), 4)
    has_limits = bool(pd.notna(row["lower"]) and pd.notna(row["upper"]))
    limits = f", 95 % interval {_sign(-row['upper'])} to {_sign(-row['lower'])}"
    figures = (
        f"(C-index {own:.4f} against {own + row['difference']:.4f} at {row['horizon']:g} years, "
        f"difference {_sign(gain)}{limits if has_limits else ''}, {row['n']} patients, "
        f"{row['events']} events)"
    )
    if gain < 0 and has_limits and row["lower"] > 0:
        return f"{other} beats the model {figures}."
    if gain < 0:
        doubt = "by less than chance can explain" if has_limits else "by how much is uncertain"
        return f"{other} ranks patients better than the model, {doubt} {figures}."
    if has_limits and row["upper"] < 0:
        return f"The model beats {_inside(other)} {figures}."
    return f"The model is not shown to beat {_inside(other)} {figures}."


def _sign(value: float) -> str:
    """Four decimals with a sign, but for zero."""
    # adding 0 turns -0.0 into 0.0
    rounded = round(value, 4) + 0.0
    return f"{rounded:+.4f}" if rounded else f"{rounded:.4f}"


def _inside(name: str) -> str:
    """A name inside a sentence: proper names keep their capital."""
    return name[0].lower() + name[1:] if name.split()[0] in ("Ridge", "Boosted", "Its") else name


def judge_calibration(result: EvaluationResult, model: str, horizon: float) -> str:
    """A sentence on whether as many patients had the event as the risks said."""
    observed, predicted, ratio, ipa = (
        result.value(model, metric, horizon)
        for metric in ("observed_risk", "mean_risk", "observed_over_expected", "ipa")
    )
    if ratio != ratio:
        return f"Calibration at {horizon:g} years could not be measured."
    lower, upper = result.limits(model, "observed_over_expected", horizon)
    has_limits = lower == lower and upper == upper
    limits = f", 95 % interval {lower:.2f} to {upper:.2f}" if has_limits else ""
    figures = (
        f"at {horizon:g} years the mean predicted risk is {100 * predicted:.1f} %, the observed "
        f"{100 * observed:.1f} % (ratio {ratio:.2f}{limits})"
    )
    if abs(ratio - 1) <= CALIBRATION_TOLERANCE:
        said = f"Calibration in the large is within {100 * CALIBRATION_TOLERANCE:.0f} %: {figures}."
        if not (has_limits and max(1 - lower, upper - 1) <= CALIBRATION_TOLERANCE):
            said += " A larger error is not excluded."
    else:
        way = "too low" if ratio > 1 else "too high"
        said = f"Predicted risks are {way}: {figures}."
        if has_limits and lower <= 1 <= upper:
            said += " Chance can explain as much."
    if not ipa > 0:
        said += " The risks predict no better than giving everyone the average risk."
    return said
