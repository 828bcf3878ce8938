"""What a simulated cohort shows of each published target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.simulation.cohort import SimulatedCohort
from features.simulation.measured.association import fit_cox
from features.simulation.measured.growth_measures import GROWTH

# Measured value, and its spread where the target has one.
Measured = tuple[float, float | None]

_COLUMN = {
    "age": "age",
    "BMI": "bmi",
    "systolic BP": "systolic_bp",
    "diastolic BP": "diastolic_bp",
    "LDL cholesterol": "ldl_cholesterol",
    "HDL cholesterol": "hdl_cholesterol",
    "total cholesterol": "total_cholesterol",
    "triglycerides": "triglycerides",
    "waist": "waist",
}
_SHARE: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "male": lambda x: x["sex"].eq("male"),
    "diabetes": lambda x: x["diabetes"],
    "antihypertensive medication": lambda x: x["bp_treated"],
    "lipid-lowering medication": lambda x: x["lipid_lowering"],
    "smoking former": lambda x: x["smoking_status"].eq("former"),
    "smoking current": lambda x: x["smoking_status"].eq("current"),
    "elevated Lp(a) >50 mg/dL": lambda x: x["lpa_mass"].gt(50).where(x["lpa_mass"].notna()),
    "family history of premature CHD": lambda x: x["family_history"],
    "CAC>0": lambda x: x["cac_agatston"].gt(0),
    "CAC >=1000": lambda x: x["cac_agatston"].ge(1000),
}
_CAC_GROUPS = {
    "CAC 0": (-1.0, 0.0),
    "CAC 1-100": (0.0, 100.0),
    "CAC 101-300": (100.0, 300.0),
    "CAC >300": (300.0, np.inf),
}
_VESSELS = ("lm", "lad", "lcx", "rca")


def measure(cohort: SimulatedCohort, target: str, stratum: str) -> Measured:
    """The cohort's figure for one row of the target table.

    Raises KeyError for a target that nothing here measures.
    """
    special = {
        "calcified vessels": _vessels,
        "CAC group": _group_share,
        "CHD HR": _hazard_ratio,
        "10-y ASCVD rate": _risk_by_calcium,
        **GROWTH,
    }
    if target in special:
        return special[target](cohort, stratum)
    if target in _SINGLE:
        return _SINGLE[target](cohort, stratum), None
    x = cohort.covariates[_belongs(cohort.covariates, stratum)]
    if target == "race mix":
        return 100 * float(cohort.covariates["ethnicity"].eq(stratum.lower()).mean()), None
    if target in _COLUMN:
        values = x[_COLUMN[target]]
        return float(values.mean()), float(values.std())
    if target == "CAC when non-zero":
        values = x.loc[x["cac_agatston"] > 0, "cac_agatston"]
        return float(values.mean()), float(values.std())
    return 100 * float(_SHARE[target](x).astype("float64").mean()), None


def _belongs(x: pd.DataFrame, stratum: str) -> npt.NDArray[np.bool_]:
    belongs = np.ones(len(x), dtype=bool)
    if "no statin" in stratum:
        belongs &= x["statin_intensity"].eq("none").to_numpy()
    for word in stratum.lower().split():
        if word in ("female", "male"):
            belongs &= x["sex"].eq(word).to_numpy()
        if word in ("white", "black", "hispanic", "chinese"):
            belongs &= x["ethnicity"].eq(word).to_numpy()
    return belongs


def _vessel_count(x: pd.DataFrame) -> pd.Series:
    return x[[f"cac_agatston_{vessel}" for vessel in _VESSELS]].gt(0).sum(axis=1)


def _vessels(cohort: SimulatedCohort, stratum: str) -> Measured:
    x = cohort.covariates[cohort.covariates["cac_agatston"] > 0]
    if stratum == "CAC>=1000":
        counts = _vessel_count(x[x["cac_agatston"] >= 1000])
        return float(counts.mean()), float(counts.std())
    return 100 * float(_vessel_count(x).eq(int(stratum)).mean()), None


def _group_share(cohort: SimulatedCohort, stratum: str) -> Measured:
    low, high = _CAC_GROUPS[stratum]
    score = cohort.covariates["cac_agatston"]
    return 100 * float(((score > low) & (score <= high)).mean()), None


def _risk_by_calcium(cohort: SimulatedCohort, stratum: str) -> Measured:
    score = cohort.covariates["cac_agatston"]
    chosen = score.eq(0) if stratum.startswith("CAC=0") else score.gt(300)
    return 100 * float(cohort.truth.loc[chosen, "true_risk_10y"].mean()), None


def _hscrp(cohort: SimulatedCohort, stratum: str) -> float:
    return float(cohort.covariates.loc[cohort.covariates["sex"].eq(stratum), "hscrp"].median())


def _left_main(cohort: SimulatedCohort, stratum: str) -> float:
    x = cohort.covariates[cohort.covariates["cac_agatston"] > 0]
    return 100 * float(x["cac_agatston_lm"].gt(0).mean())


def density_score(x: pd.DataFrame) -> pd.Series:
    """Agatston over area (volume / 3 mm), Criqui MH et al. JAMA 2014;311:271; NaN at zero."""
    return x["cac_agatston"] / (x["cac_volume"].where(x["cac_volume"] > 0) / 3)


def _volume_sd(cohort: SimulatedCohort, stratum: str) -> float:
    volume = cohort.covariates["cac_volume"]
    return float(np.log(volume[volume > 0]).std())


def _density_sd(cohort: SimulatedCohort, stratum: str) -> float:
    return float(density_score(cohort.covariates).std())


def _density_volume(cohort: SimulatedCohort, stratum: str) -> float:
    density = density_score(cohort.covariates)
    return float(density.rank().corr(cohort.covariates["cac_volume"].where(density.notna()).rank()))


def _change_per_year(cohort: SimulatedCohort, stratum: str) -> float:
    x = cohort.covariates[cohort.covariates["prior_cac_agatston"] > 0]
    x = x[x["sex"].eq("female" if stratum.startswith("women") else "male")]
    change = x["cac_agatston"] - x["prior_cac_agatston"]
    return float((change / x["prior_scan_years"]).median())


def _event_share(cohort: SimulatedCohort, stratum: str) -> float:
    """Events by the median follow-up of the source, 11.1 years, with the study's own censoring."""
    seen = cohort.endpoint["event"].eq(1) & cohort.endpoint["time"].le(11.1)
    return 100 * float(seen.mean())


def _oracle_concordance(cohort: SimulatedCohort, stratum: str) -> float:
    from lifelines.utils import concordance_index

    return float(
        concordance_index(
            cohort.endpoint["time"],
            -cohort.truth["event_margin"],
            cohort.endpoint["event"].eq(1),
        )
    )


_SINGLE: dict[str, Callable[[SimulatedCohort, str], float]] = {
    "hsCRP": _hscrp,
    "left main CAC": _left_main,
    "ln CAC volume": _volume_sd,
    "CAC density score": _density_sd,
    "density-volume correlation": _density_volume,
    "CAC change": _change_per_year,
    "hard ASCVD events": _event_share,
    "C statistic": _oracle_concordance,
}


def _hazard_ratio(cohort: SimulatedCohort, stratum: str) -> Measured:
    """By a Cox model with the usual risk factors, as the sources have it."""
    design = _risk_factors(cohort.covariates)
    if stratum == "doubling of Agatston":
        wanted = "calcium"
        design[wanted] = np.log2(cohort.covariates["cac_agatston"] + 1)
    else:
        wanted = "density" if stratum.startswith("density") else "volume"
        design["density"] = density_score(cohort.covariates) / 0.7
        design["volume"] = np.log(cohort.covariates["cac_volume"].where(lambda v: v > 0)) / 1.6
    known = design.notna().all(axis=1).to_numpy()
    fitted = fit_cox(
        design[known],
        cohort.endpoint["time"].to_numpy()[known],
        cohort.endpoint["event"].eq(1).to_numpy()[known],
    )
    return float(np.exp(fitted[wanted])), None


def _risk_factors(x: pd.DataFrame) -> pd.DataFrame:
    factors = x[
        ["age", "systolic_bp", "ldl_cholesterol", "hdl_cholesterol", "diabetes", "bp_treated"]
    ].copy()
    factors["male"] = x["sex"].eq("male")
    factors["smokes"] = x["smoking_status"].eq("current")
    factors["statin"] = x["statin_intensity"].ne("none")
    return factors


def percentile_gap(cohort: SimulatedCohort, cutoffs: pd.DataFrame) -> pd.DataFrame:
    """Simulated against published CAC percentiles, on the fourth-root scale, by cell.

    ``cutoffs``: columns sex, race, age_band and p25 to p95. Treated diabetes is excluded by the
    source, diabetes here. Returns the cut-offs with columns ``gap_p50``, ``gap_p75``, ``gap_p90``.
    """
    x = cohort.covariates[cohort.covariates["diabetes"].eq(0)]
    gaps = cutoffs.copy()
    for name, rank in (("p50", 0.50), ("p75", 0.75), ("p90", 0.90)):
        gaps[f"gap_{name}"] = [
            _quantile(x, row["sex"], row["race"], row["age_band"], rank) ** 0.25
            - float(row[name]) ** 0.25
            for _, row in cutoffs.iterrows()
        ]
    return gaps


def _quantile(x: pd.DataFrame, sex: str, race: str, age_band: str, rank: float) -> FloatArray:
    low, high = (float(part) for part in age_band.split("-"))
    cell = _belongs(x, f"{sex} {race}") & x["age"].between(low, high + 0.99).to_numpy()
    return np.asarray(x.loc[cell, "cac_agatston"].quantile(rank))
