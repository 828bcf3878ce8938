"""Do forecasts agree with the scans that came later?"""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest, norm

from features.array_types import BoolArray, FloatArray
from models.drift.shift import Shift
from models.progression.evaluation import share_inside
from models.progression.law.growth_law import Patients
from models.progression.predictor import ProgressionPredictor

FEWEST = 20
"""Patients with a later scan below whom nothing is judged."""

FEWEST_EXPECTED = 5
"""Scans expected on either side of a score below which its passing is not judged."""

THRESHOLDS = (0.0, 100.0, 400.0)
_Z = 1.959963984540054  # 97.5 % quantile of the normal distribution


def judge_agreement(
    predictor: ProgressionPredictor, patients: Patients, seen: FloatArray, years: FloatArray
) -> tuple[Shift, ...]:
    """How later scores lie in their forecasts, and how many passed a score; one scan a patient.

    ``seen`` (n,): Agatston score ``years`` (n,) after the first. Empty below `FEWEST` patients.
    """
    if len(seen) < FEWEST:
        return ()
    up_to = predictor.law.cdf(patients, seen[:, None], years)[:, 0]
    below = np.where(seen == 0, 0.0, up_to)
    shifts = [
        _judge_share("above the median of their forecast", share_inside(below, up_to, 0.5, 1), 0.5),
        _judge_share("inside their 90 % interval", share_inside(below, up_to, 0.05, 0.95), 0.9),
    ]
    for threshold in THRESHOLDS:
        free = patients.first <= threshold
        wanted = np.full((int(free.sum()), 1), threshold)
        chance = 1 - predictor.law.cdf(patients.take(free), wanted, years[free])[:, 0]
        shifts += _judge_passing(threshold, chance, seen[free] > threshold)
    return tuple(shifts)


def _judge_share(where: str, inside: FloatArray, expected: float) -> Shift:
    found, n = float(inside.mean()), len(inside)
    p_value = float(binomtest(round(float(inside.sum())), n, expected).pvalue)
    said = f"{found:.1%} of {n} lie {where}, {expected:.0%} expected"
    return Shift("calibration", f"later scans {where}", "inside", abs(found - expected), 0.0,
                 p_value, said)  # fmt: skip


def _judge_passing(threshold: float, chance: FloatArray, passed: BoolArray) -> list[Shift]:
    expected, spread = float(chance.sum()), float(np.sqrt((chance * (1 - chance)).sum()))
    if min(expected, len(chance) - expected) < FEWEST_EXPECTED:
        return []
    observed = int(passed.sum())
    ratio, reach = observed / expected, _Z * spread / expected
    said = (
        f"observed over expected {ratio:.2f} ({max(0.0, ratio - reach):.2f} to "
        f"{ratio + reach:.2f}), {observed} scans"
    )
    p_value = float(2 * norm.sf(abs(observed - expected) / spread))
    name = f"scores above {threshold:g}"
    return [Shift("calibration", name, "calibration", abs(ratio - 1), 0.0, p_value, said)]
