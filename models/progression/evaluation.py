"""How good forecasts of later scores are: on scans that were held out, and against the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from features.array_types import BoolArray, FloatArray
from models.progression.law.likelihood import Observations

# Scores at which distributions are compared: even in the root, where scores are small the densest.
GRID: FloatArray = np.linspace(0.0, 110.0, 260) ** 2
LEVELS = (0.5, 0.8, 0.9)
_STEPS, _EXACT = 30, 1e-8


def _weights() -> FloatArray:
    return np.asarray(np.gradient(GRID))


def crps(forecast: FloatArray, seen: FloatArray) -> FloatArray:
    """Continuous ranked probability score (s,) of distribution functions (s, GRID), in AU.

    The mean absolute error of a forecast that is one number. Gneiting T, Raftery AE. J Am Stat
    Assoc 2007;102:359-378.
    """
    happened = (seen[:, None] <= GRID).astype(np.float64)
    return np.asarray((forecast - happened) ** 2 @ _weights())


def expected_crps(forecast: FloatArray, truth: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean CRPS (n,) that forecasts will have under the true distribution functions (n, GRID).

    And that of the truth itself, which no forecast can be below.
    """
    best = (truth * (1 - truth)) @ _weights()
    return np.asarray(best + (forecast - truth) ** 2 @ _weights()), np.asarray(best)


def coverage(below: FloatArray, up_to: FloatArray, level: float) -> FloatArray:
    """Share (s,) of what was seen that lies in the central interval of this level.

    ``below``, ``up_to``: forecast probability of less than, and of at most, what was seen. Where
    many share one score, such as zero, an interval holds the part of them that it should.
    """
    return share_inside(below, up_to, (1 - level) / 2, (1 + level) / 2)


def share_inside(below: FloatArray, up_to: FloatArray, low: float, high: float) -> FloatArray:
    """Share (s,) of what was seen that lies between two quantiles of its forecast."""
    inside = np.clip(np.minimum(up_to, high) - np.maximum(below, low), 0.0, None)
    width = np.maximum(up_to - below, 1e-12)
    return np.where(up_to - below > 1e-9, inside / width, (below >= low) & (below <= high))


def calibration_slope(
    chance: FloatArray, happened: BoolArray, weight: FloatArray | None = None
) -> float:
    """Slope of a logistic regression of the event on the logit of its chance; 1 is right.

    ``weight`` (n,) of each, 1 where None. NaN where there is no slope. By Newton's method from
    where it is expected, at no shift and a slope of 1.
    """
    weight = np.ones(len(chance)) if weight is None else weight
    held = np.clip(chance, 1e-6, 1 - 1e-6)
    terms = np.column_stack([np.ones(len(held)), np.log(held / (1 - held))])
    beta = np.array([0.0, 1.0])
    if not 0 < weight @ happened < weight.sum():
        return float("nan")
    for _ in range(_STEPS):
        expected = 1 / (1 + np.exp(-np.clip(terms @ beta, -500, 500)))
        curvature = (terms * (weight * expected * (1 - expected))[:, None]).T @ terms
        if np.linalg.cond(curvature) > 1 / np.finfo(float).eps:
            return float("nan")
        step = np.linalg.solve(curvature, terms.T @ (weight * (happened - expected)))
        beta = beta + step
        if np.abs(step).max() < _EXACT:
            return float(beta[1])
    return float("nan")


def judge_threshold(chance: FloatArray, happened: BoolArray) -> dict[str, float]:
    """AUC, calibration slope, mean chance and share of passing one threshold."""
    from sklearn.metrics import roc_auc_score

    both = 0 < happened.sum() < len(happened)
    return {
        "auc": float(roc_auc_score(happened, chance)) if both else float("nan"),
        "calibration_slope": calibration_slope(chance, happened),
        "expected": float(chance.mean()),
        "observed": float(happened.mean()),
    }


def groups_of(scans: Observations, extra: Mapping[str, BoolArray]) -> dict[str, BoolArray]:
    """The groups in which intervals are judged: baseline score, interval, and those given."""
    first, years = scans.first, scans.years
    return {
        "all": np.ones(len(scans), dtype=bool),
        "first score 0": first == 0,
        "first score 1-99": (first > 0) & (first < 100),
        "first score 100-399": (first >= 100) & (first < 400),
        "first score 400 and over": first >= 400,
        "within 5 years": years < 5,
        "after 5 years": years >= 5,
        **extra,
    }


def tabulate_coverage(
    below: FloatArray, up_to: FloatArray, groups: Mapping[str, BoolArray]
) -> pd.DataFrame:
    """Share of scans inside each interval, by group; ``scans``: how many there are."""
    rows = []
    for name, members in groups.items():
        shares = {
            f"inside_{100 * level:.0f}": float(
                coverage(below[members], up_to[members], level).mean()
            )
            if members.any()
            else float("nan")
            for level in LEVELS
        }
        rows.append({"group": name, "scans": int(members.sum()), **shares})
    return pd.DataFrame(rows)


def tabulate_crps(
    forecasts: Mapping[str, FloatArray], seen: FloatArray, groups: Mapping[str, BoolArray]
) -> pd.DataFrame:
    """Mean CRPS in AU by forecast (rows) and group (columns)."""
    scores = {name: crps(cdf, seen) for name, cdf in forecasts.items()}
    table = {
        group: {name: float(score[members].mean()) for name, score in scores.items()}
        for group, members in groups.items()
        if members.any()
    }
    return pd.DataFrame(table).rename_axis("forecast")


def summarise_truth(
    forecasts: Mapping[str, Sequence[FloatArray]],
    truth: Sequence[FloatArray],
    years: Sequence[float],
) -> pd.DataFrame:
    """Mean expected CRPS by forecast (rows) and years (columns), the oracle's among them."""
    table: dict[str, dict[str, float]] = {"oracle": {}}
    for position, after in enumerate(years):
        for name, cdfs in forecasts.items():
            own, best = expected_crps(cdfs[position], truth[position])
            table.setdefault(name, {})[f"{after:g}"] = float(own.mean())
            table["oracle"][f"{after:g}"] = float(best.mean())
    return pd.DataFrame(table).T.rename_axis("forecast")
