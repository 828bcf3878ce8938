"""What a simulated cohort shows of each published figure on how calcium grows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.derivation.calcium_change import rescan_limit
from features.simulation.cohort import SimulatedCohort
from features.simulation.draws import Draws
from features.simulation.growth import TrueGrowth, draw_pace

_AGES = {"all": (0.0, 200.0), "below 50 years": (0.0, 50.0), "above 80 years": (80.0, 200.0)}
_FROM_ZERO = {"above 0": 0.0, "above 10": 10.0, "above 100": 100.0}


def _sex(cohort: SimulatedCohort, stratum: str) -> pd.Series:
    return cohort.covariates["sex"].eq("female" if stratum.startswith("women") else "male")


def _incident(cohort: SimulatedCohort, stratum: str) -> tuple[float, None]:
    """Share a year of those without calcium who show some at the second scan."""
    patients, later = cohort.covariates, cohort.later_scans
    low, high = _AGES[stratum]
    group = patients["cac_agatston"].eq(0) & later["scan2_years"].notna()
    group &= patients["age"].ge(low) & patients["age"].lt(high)
    new = later.loc[group, "scan2_agatston"].gt(0).sum()
    return float(new / later.loc[group, "scan2_years"].sum()), None


def _yearly(cohort: SimulatedCohort, scan: str) -> pd.Series:
    later = cohort.later_scans
    change = later[f"{scan}_agatston"] - cohort.covariates["cac_agatston"]
    return change / later[f"{scan}_years"]


def _change_median(cohort: SimulatedCohort, stratum: str) -> tuple[float, None]:
    group = cohort.covariates["cac_agatston"].gt(0) & _sex(cohort, stratum)
    return float(_yearly(cohort, "scan2")[group].median()), None


def _change_mean(cohort: SimulatedCohort, stratum: str) -> tuple[float, float]:
    yearly = _yearly(cohort, "scan3")
    if stratum == "until the last scan":
        yearly = yearly.fillna(_yearly(cohort, "scan2"))
    yearly = yearly.dropna()
    return float(yearly.mean()), float(yearly.std())


def _detectable(cohort: SimulatedCohort, stratum: str) -> tuple[float, None]:
    patients, later = cohort.covariates, cohort.later_scans
    first, bmi = patients["cac_agatston"], patients["bmi"].to_numpy(np.float64)
    group = first.gt(0) & later["scan2_years"].notna()
    rise = later["scan2_agatston"] - first
    beyond = rise > rescan_limit(first.to_numpy(np.float64), bmi, "agatston")
    return float(beyond[group].mean()), None


def _from_zero(cohort: SimulatedCohort, stratum: str) -> tuple[float, None]:
    growth = TrueGrowth.from_truth(cohort.truth)
    share = growth.take(growth.first == 0).cdf(np.array([_FROM_ZERO[stratum]]), 10.0)
    return float(1 - share.mean()), None


def _explained(cohort: SimulatedCohort, stratum: str) -> tuple[float, None]:
    """R squared of ln(CAC + 1) after five years by that of the first scan, within a sex."""
    growth = TrueGrowth.from_truth(cohort.truth)
    draws = Draws(0, len(growth.first))
    begins = draws.stream("five years onset").exponential(1.0, draws.n)
    years: FloatArray = np.full(draws.n, 5.0)
    later = growth.draw(draws, "five years", years, begins, draw_pace(draws, "five years pace"))
    group = _sex(cohort, stratum).to_numpy()
    first, after = np.log1p(growth.first[group]), np.log1p(later[group])
    return float(np.corrcoef(first, after)[0, 1] ** 2), None


GROWTH: dict[str, Callable[[SimulatedCohort, str], tuple[float, float | None]]] = {
    "incident CAC": _incident,
    "later CAC change": _change_median,
    "later CAC change, all": _change_mean,
    "detectable rise": _detectable,
    "from zero after 10 years": _from_zero,
    "explained variance after 5 years": _explained,
}
