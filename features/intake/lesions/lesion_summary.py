"""From a table of lesions to what the dictionary knows of a patient's calcium."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.derivation.calcium import BANDS, VESSELS
from features.derivation.morphology import possible_density_score
from features.errors import CohortError, Problem

# Spotty: shorter than 3 mm, as in CT angiography (Motoyama S et al. J Am Coll Cardiol
# 2007;50:319-326, not verified); studies by optical coherence tomography take 4 mm (PMC4278040).
# It depends on the ruler of the length: docs/imaging.md.
SPOTTY_BELOW_MM = 3.0
# Large dense calcification: from 3 mm, and of Agatston's highest density factor, a peak of 400 HU
# or more. A definition of this project, not of a paper; "sheet" in Mori H et al. JACC Cardiovasc
# Imaging 2018;11:127-142 is of pathology.
SHEET_FROM_MM, SHEET_FROM_HU = 3.0, 400.0

_REQUIRED = ("patient_id", "vessel", "agatston", "volume")
_SUMS = {
    "agatston": "cac_agatston",
    "volume": "cac_volume",
    "mass": "cac_mass",
    **{f"volume_{band}": f"cac_volume_{band}" for band in BANDS},
}


def summarise_lesions(lesions: pd.DataFrame) -> pd.DataFrame:
    """Canonical variables of each patient with a lesion, float64, indexed by ``patient_id``.

    ``lesions``: one row per lesion with patient_id, vessel (lm, lad, lcx, rca), agatston (AU),
    volume (mm3); of area (mm2), mass (mg), mean_hu, peak_hu, length (mm) and the volumes by band
    (mm3) what is there, and what follows from them is given. A sum over lesions of which one is
    missing is missing. Patients without a lesion are not in the table: their zero is the cohort
    file's to tell.

    Raises CohortError where a column is missing or a vessel unknown.
    """
    _require_readable(lesions)
    by_patient = lesions["patient_id"].astype(str)
    summary = pd.DataFrame(index=pd.Index(sorted(by_patient.unique()), name="patient_id"))
    for column, variable in _SUMS.items():
        if column in lesions:
            summary[variable] = _sums(lesions[column], by_patient)
    for vessel in VESSELS:
        in_vessel = lesions["agatston"].where(lesions["vessel"] == vessel, 0.0)
        summary[f"cac_agatston_{vessel}"] = _sums(in_vessel, by_patient)
    summary["lesion_count"] = by_patient.groupby(by_patient).size()
    summary["vessel_count"] = lesions["vessel"].groupby(by_patient).nunique()
    summary["largest_lesion_volume"] = lesions["volume"].groupby(by_patient).max()
    _add_shapes(summary, lesions, by_patient)
    _add_densities(summary, lesions, by_patient)
    return summary.astype(np.float64)


def _sums(values: pd.Series, by_patient: pd.Series) -> pd.Series:
    missing = values.isna().groupby(by_patient).any()
    return values.astype(np.float64).groupby(by_patient).sum().mask(missing)


def _add_shapes(summary: pd.DataFrame, lesions: pd.DataFrame, by_patient: pd.Series) -> None:
    if "length" not in lesions:
        return
    length = lesions["length"]
    spotty = (length < SPOTTY_BELOW_MM).astype(np.float64).mask(length.isna())
    summary["spotty_lesion_count"] = _sums(spotty, by_patient)
    if "peak_hu" in lesions:
        peak = lesions["peak_hu"]
        sheet = (length >= SHEET_FROM_MM) & (peak >= SHEET_FROM_HU)
        sheet_or_missing = sheet.astype(np.float64).mask(length.isna() | peak.isna())
        summary["sheet_lesion_count"] = _sums(sheet_or_missing, by_patient)


def _add_densities(summary: pd.DataFrame, lesions: pd.DataFrame, by_patient: pd.Series) -> None:
    if "mean_hu" in lesions:
        weighted = _sums(lesions["mean_hu"] * lesions["volume"], by_patient)
        volume = summary["cac_volume"]
        summary["cac_density_hu"] = (weighted / volume).where(volume > 0)
    if "area" in lesions:
        area = _sums(lesions["area"], by_patient)
        score = (summary["cac_agatston"] / area).where(area > 0)
        summary["cac_density_score"] = possible_density_score(score.to_numpy(np.float64))


def _require_readable(lesions: pd.DataFrame) -> None:
    problems = [
        Problem(column, "column is missing", "Add it to the table of lesions")
        for column in _REQUIRED
        if column not in lesions
    ]
    if not problems:
        strange = int((~lesions["vessel"].isin(VESSELS)).sum())
        nobody = int(lesions["patient_id"].isna().sum())
        if strange:
            problems.append(
                Problem("vessel", f"must be {', '.join(VESSELS)}", "Correct it", strange)
            )
        if nobody:
            problems.append(Problem("patient_id", "is missing", "Fill it in", nobody))
    if problems:
        raise CohortError(problems, "lesions")
