"""What a study sees of its patients: entry, follow-up, censoring, and what goes missing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.endpoint import CENSORED, COMPETING, EVENT
from features.simulation.draws import Columns, Draws

SITES = ("Baltimore", "Chicago", "Forsyth", "Los Angeles", "New York", "St Paul")
FIRST_ENTRY = np.datetime64("2000-07-01")
ENTRY_DAYS = 1278
# Fifteen years after the last entry, eighteen and a half after the first.
LAST_VISIT = np.datetime64("2018-12-31")
DROPOUT_PER_YEAR = 0.01
DAYS_PER_YEAR = 365.25

# Share missing of what is missing at random given age and site.
_MISSING = {
    "lpa_mass": 0.08,
    "apob": 0.15,
    "hscrp": 0.03,
    "homocysteine": 0.05,
    "hba1c": 0.04,
    "glucose": 0.01,
    "uacr": 0.03,
    "creatinine": 0.02,
    "phosphate": 0.30,
    "magnesium": 0.25,
    "family_history": 0.07,
    "carotid_imt": 0.05,
    "hdl_cholesterol": 0.005,
    "systolic_bp": 0.003,
    "heart_rate": 0.02,
    "activity_minutes": 0.02,
    "statin_years": 0.03,
    "pack_years": 0.02,
    "years_since_quitting": 0.02,
    "cac_volume": 0.03,
    "cac_mass": 0.30,
}
_TOGETHER = {
    "diet": (
        0.08,
        ("mediterranean_score", "dash_score", "magnesium_intake", "calcium_diet"),
    ),
    "supplements": (0.05, ("vitamin_d_supplement", "calcium_supplement", "vitamin_k2")),
}
# Vitamin D was measured in an ancillary study only.
_ANCILLARY = 0.60
_NO_LESION_TABLE = 0.04


def draw_entry(draws: Draws, n_sites: int) -> tuple[npt.NDArray[np.str_], pd.Series]:
    """Site, which touches no hazard, and date of entry, staggered over three and a half years."""
    share = 1 / np.arange(4, 4 + n_sites)
    names = [SITES[i] if i < len(SITES) else f"Site {i + 1}" for i in range(n_sites)]
    site = np.asarray(names)[draws.pick("site", share / share.sum())]
    days = draws.stream("entry").integers(0, ENTRY_DAYS, draws.n)
    return site, pd.Series(FIRST_ENTRY + days.astype("timedelta64[D]"))


def observe(
    draws: Draws, entry: pd.Series, event_years: FloatArray, death_years: FloatArray
) -> pd.DataFrame:
    """Columns ``time`` (years, in whole days) and ``event`` as the study records them."""
    closing = (LAST_VISIT - entry.to_numpy().astype("datetime64[D]")).astype(float)
    lost = draws.stream("dropout").exponential(1 / DROPOUT_PER_YEAR, draws.n)
    censored = np.minimum(closing / DAYS_PER_YEAR, lost)
    first = np.minimum(event_years, death_years)
    kind = np.where(event_years <= death_years, EVENT, COMPETING)
    event = np.where(first <= censored, kind, CENSORED).astype(np.int8)
    days = np.maximum(np.ceil(np.minimum(first, censored) * DAYS_PER_YEAR), 1)
    return pd.DataFrame({"time": days / DAYS_PER_YEAR, "event": event})


def hide_values(
    draws: Draws, patient: Columns, site: npt.NDArray[np.str_]
) -> dict[str, npt.NDArray[np.bool_]]:
    """Which values are missing, by variable; missing at random given age, site and what was seen.

    The older and one site miss more. LDL by Friedewald's formula does not exist above
    triglycerides of 400 mg/dL. Vessel scores go missing with nobody: they come with the total.
    """
    odds = np.exp(0.02 * (patient["age"].astype(float) - 62) + 0.3 * (site == SITES[0]) - 0.06)
    hidden = {
        name: draws.happens(f"missing {name}", np.minimum(share * odds, 0.9))
        for name, share in _MISSING.items()
    }
    for group, (share, names) in _TOGETHER.items():
        absent = draws.happens(f"missing {group}", np.minimum(share * odds, 0.9))
        hidden |= dict.fromkeys(names, absent)
    hidden["egfr"] = hidden["creatinine"]
    hidden["albuminuria"] = hidden["uacr"]
    hidden["total_cholesterol"] = hidden["triglycerides"] = hidden["hdl_cholesterol"]
    hidden["diastolic_bp"] = hidden["systolic_bp"]
    hidden["ldl_cholesterol"] = hidden["hdl_cholesterol"] | (patient["triglycerides"] > 400)
    hidden["vitamin_d"] = ~draws.happens("ancillary", _ANCILLARY)
    return hidden


def without_lesion_table(draws: Draws) -> npt.NDArray[np.bool_]:
    """Patients of whom only the scores were kept, not the lesions."""
    return draws.happens("missing lesions", _NO_LESION_TABLE)
