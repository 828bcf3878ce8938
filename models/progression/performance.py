"""How good forecasts are on held-out scans, with intervals from resamples of patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import BoolArray, FloatArray
from models.metrics.bootstrap import percentile_interval, resample_rows
from models.progression.evaluation import GRID, calibration_slope, crps
from models.progression.law.likelihood import Observations

MODEL, CARRIED = "calcirisk", "carry forward"
SKILL = "crps_skill"


@dataclass(frozen=True)
class Held:
    """Scans (s,) of ``patient`` (s,), numbered from 0; forecasts of them (s, GRID) by name."""

    scans: Observations
    patient: npt.NDArray[np.intp]
    forecasts: Mapping[str, FloatArray]

    def resample(self, n_bootstrap: int, seed: int) -> FloatArray:
        """How often each scan (b, s) counts: 1 in the first row, then by resamples of patients."""
        _, own = np.unique(self.patient, return_inverse=True)
        drawn = resample_rows(int(own.max()) + 1, n_bootstrap, seed)
        return np.stack([np.ones(len(own)), *(counts[own] for counts in drawn)])


def skills(held: Held, counts: FloatArray) -> dict[str, FloatArray]:
    """By forecast the share (b,) by which its CRPS is below that of a score carried forward."""
    means = {
        name: counts @ crps(cdf, held.scans.seen) / counts.sum(axis=1)
        for name, cdf in held.forecasts.items()
    }
    return {name: 1 - mean / means[CARRIED] for name, mean in means.items()}


def measure_performance(
    held: Held, thresholds: Sequence[float], n_bootstrap: int, seed: int
) -> pd.DataFrame:
    """``metric``, ``threshold``, ``estimate``, ``lower``, ``upper``, ``scans``, ``patients``.

    The CRPS skill of the model; observed over expected and calibration slope of passing each score,
    of those who are not above it at first.
    """
    counts = held.resample(n_bootstrap, seed)
    everyone = np.ones(len(held.patient), bool)
    rows = [_row(SKILL, np.nan, skills(held, counts)[MODEL], held, everyone)]
    for threshold in thresholds:
        free = held.scans.first <= threshold
        cdf = held.forecasts[MODEL][free]
        chance = 1 - np.array([np.interp(threshold, GRID, row) for row in cdf])
        passed, weights = held.scans.seen[free] > threshold, counts[:, free]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (weights @ passed) / (weights @ chance)
        slope = np.array([calibration_slope(chance, passed, weight) for weight in weights])
        rows.append(_row("observed_over_expected", threshold, ratio, held, free))
        rows.append(_row("calibration_slope", threshold, slope, held, free))
    return pd.DataFrame(rows)


def measure_leads(held: Held, n_bootstrap: int, seed: int) -> pd.DataFrame:
    """CRPS skill of each other forecast less that of the model: ``forecast``, with its interval."""
    found = skills(held, held.resample(n_bootstrap, seed))
    rows = []
    for name, own in found.items():
        if name != MODEL:
            lead = own - found[MODEL]
            lower, upper = (float(limit) for limit in percentile_interval(lead[1:]))
            rows.append({"forecast": name, "metric": SKILL, "difference": float(lead[0]),
                         "lower": lower, "upper": upper})  # fmt: skip
    return pd.DataFrame(rows)


def compare_forecasts(
    held: Held, one: FloatArray, other: FloatArray, n_bootstrap: int, seed: int
) -> tuple[float, float, float]:
    """CRPS skill of one forecast (s, GRID) less that of another, with its paired interval."""
    counts = held.resample(n_bootstrap, seed)
    both = Held(held.scans, held.patient, {**held.forecasts, "one": one, "other": other})
    found = skills(both, counts)
    difference = found["one"] - found["other"]
    lower, upper = (float(limit) for limit in percentile_interval(difference[1:]))
    return float(difference[0]), lower, upper


def _row(
    metric: str, threshold: float, draws: FloatArray, held: Held, rows: BoolArray
) -> dict[str, float | str | int]:
    lower, upper = (float(limit) for limit in percentile_interval(draws[1:]))
    return {
        "metric": metric,
        "threshold": threshold,
        "estimate": float(draws[0]),
        "lower": lower,
        "upper": upper,
        "scans": int(rows.sum()),
        "patients": len(np.unique(held.patient[rows])),
    }
