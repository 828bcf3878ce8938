"""When another scan would show something that changes what is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.array_types import FloatArray
from models.progression.law.growth_law import Patients
from models.progression.predictor import ProgressionPredictor

CATEGORIES = (0.0, 100.0, 300.0, 400.0, 1000.0)
# From here on a later scan changes little of what is done: the 2018 ACC/AHA guideline advises a
# statin from 100 on, and no published warranty speaks of higher scores.
DECIDED = 300.0
# Dzaye O et al. JACC Cardiovasc Imaging 2021: years until one in four of those at zero has calcium.
PUBLISHED_WARRANTY = {"women": (4.0, 7.0), "men": (3.0, 6.0)}
_STEPS = 60


@dataclass(frozen=True)
class NextScan:
    """``years`` (n,) until the chance to pass ``threshold`` (n,) reaches the share asked for.

    ``soonest``, ``latest``: the same at 1.5 times and two thirds of the patient's growth or hazard,
    about the spread between people of the same covariates that the model did not resolve. inf where
    it is not reached while the model can speak; NaN where a scan would change nothing, or the score
    is not known.
    """

    threshold: FloatArray
    years: FloatArray
    soonest: FloatArray
    latest: FloatArray


def plan_next_scan(
    predictor: ProgressionPredictor, patients: Patients, share: float = 0.25
) -> NextScan:
    """Years until the next category of each patient's score has this chance, with an interval."""
    first = patients.first
    edges = np.array([*CATEGORIES, np.inf])
    threshold = edges[np.searchsorted(CATEGORIES, first, side="right")]
    threshold = np.where(first == 0, 0.0, threshold)
    useful = ~np.isnan(first) & (first < DECIDED)
    threshold = np.where(useful, threshold, np.nan)
    found = [
        np.where(useful, _reach(predictor, _faster(patients, factor), threshold, share), np.nan)
        for factor in (1.0, 1.5, 2 / 3)
    ]
    return NextScan(threshold, found[0], found[1], found[2])


def _faster(patients: Patients, factor: float) -> Patients:
    return Patients(
        patients.first,
        patients.log_rate + np.log(factor),
        patients.log_onset + np.log(factor),
        patients.bmi,
    )


def _reach(
    predictor: ProgressionPredictor, patients: Patients, threshold: FloatArray, share: float
) -> FloatArray:
    """First of `_STEPS` times at which the chance is reached, drawn together between two."""
    times: Sequence[float] = list(np.linspace(0, predictor.longest, _STEPS + 1)[1:])
    wanted = np.nan_to_num(threshold)[:, None]
    chance = np.stack(
        [
            1 - predictor.law.cdf(patients, wanted, np.full(len(patients), time))[:, 0]
            for time in times
        ],
        axis=1,
    )
    passed = chance >= share
    after = passed.argmax(axis=1)
    rows = np.arange(len(patients))
    before = np.where(after > 0, chance[rows, after - 1], 0.0)
    step = chance[rows, after] - before
    part = np.where(step > 0, (share - before) / np.where(step > 0, step, 1.0), 0.0)
    years = (after + np.clip(part, 0, 1)) * predictor.longest / _STEPS
    return np.where(passed.any(axis=1), years, np.inf)
