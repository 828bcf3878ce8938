"""When another scan would show something that changes what is done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.array_types import FloatArray
from models.margins import REACH
from models.progression.law.growth_law import Patients
from models.progression.predictor import ProgressionPredictor

CATEGORIES = (0.0, 100.0, 300.0, 400.0, 1000.0)
# From here on a later scan changes little of what is done: the 2018 ACC/AHA guideline advises a
# statin from 100 on, and no published warranty speaks of higher scores.
DECIDED = 300.0
# Dzaye O et al. JACC Cardiovasc Imaging 2021: years until one in four of those at zero has calcium.
PUBLISHED_WARRANTY = {"women": (4.0, 7.0), "men": (3.0, 6.0)}
SHARE = 0.25
_STEPS = 60


@dataclass(frozen=True)
class NextScan:
    """``years`` (n,) until the chance to pass ``threshold`` (n,) reaches the share asked for.

    0 where a rescan of today has that chance already, by its noise.
    ``soonest``, ``latest``: ends of the 90 % interval for it, by what coefficients and missing
    values leave open of the patient's growth. inf where it is not reached while the model can
    speak; NaN where a scan would change nothing, or the score is not known.
    """

    threshold: FloatArray
    years: FloatArray
    soonest: FloatArray
    latest: FloatArray


def next_category(first: FloatArray) -> FloatArray:
    """The score (n,) whose passing would change what is done; NaN where none would."""
    edges = np.array([*CATEGORIES, np.inf])
    threshold = edges[np.searchsorted(CATEGORIES, np.nan_to_num(first), side="right")]
    threshold = np.where(first == 0, 0.0, threshold)
    return np.where(~np.isnan(first) & (first < DECIDED), threshold, np.nan)


def plan_next_scan(
    predictor: ProgressionPredictor, patients: Patients, spread: FloatArray, share: float = SHARE
) -> NextScan:
    """Years until the next category of each patient's score has this chance, with an interval.

    ``spread``: (n, 2) standard deviation of each margin, as `GrowthExplainer.margin_spread` has it.
    """
    threshold = next_category(patients.first)
    useful = ~np.isnan(threshold)
    found = [
        np.where(useful, _reach(predictor, _moved(patients, sign * REACH * spread), threshold,
                                share), np.nan)
        for sign in (0.0, 1.0, -1.0)
    ]  # fmt: skip
    return NextScan(threshold, found[0], found[1], found[2])


def _moved(patients: Patients, by: FloatArray) -> Patients:
    return Patients(
        patients.first, patients.log_rate + by[:, 0], patients.log_onset + by[:, 1], patients.bmi
    )


def _reach(
    predictor: ProgressionPredictor, patients: Patients, threshold: FloatArray, share: float
) -> FloatArray:
    """The first time at which the chance is reached, drawn together between two of `_STEPS`.

    0 where the noise of a rescan alone reaches it.
    """
    times = np.linspace(0, predictor.longest, _STEPS + 1)
    each = np.repeat(np.arange(len(patients)), len(times))
    wanted = np.nan_to_num(threshold)[each, None]
    below = predictor.law.cdf(patients.take(each), wanted, np.tile(times, len(patients)))
    chance = 1 - below.reshape(len(patients), len(times))
    passed = chance >= share
    after = passed.argmax(axis=1)
    rows, earlier = np.arange(len(patients)), np.maximum(after - 1, 0)
    before = chance[rows, earlier]
    step = chance[rows, after] - before
    part = np.where(step > 0, (share - before) / np.where(step > 0, step, 1.0), 0.0)
    years = (earlier + np.clip(part, 0, 1)) * predictor.longest / _STEPS
    return np.where(passed.any(axis=1), years, np.inf)
