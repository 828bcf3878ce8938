"""What a measured scan hands on: lesions as a table, totals as variables, and the record."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

import pandas as pd

from features.derivation.calcium import BAND_VOLUMES, VESSEL_SCORES
from features.errors import ScanError
from features.imaging.measuring.measurement import COLUMNS, Measurement
from features.imaging.measuring.rules import MeasuringRules
from features.imaging.reading.declaration import PATIENT_SIZES, Declaration
from features.imaging.scan import Acquisition, Scan
from features.intake.lesions.lesion_summary import summarise_lesions

LESION_COLUMNS = ("patient_id", "lesion", *COLUMNS)
# What a scan without a lesion is known to have none of.
_ZERO = (
    "cac_agatston",
    *VESSEL_SCORES,
    "cac_volume",
    "cac_mass",
    "lesion_count",
    "vessel_count",
    "spotty_lesion_count",
    "sheet_lesion_count",
    *BAND_VOLUMES,
    "largest_lesion_volume",
)
TOTAL_COLUMNS = (*_ZERO, "cac_density_hu", "cac_density_score")


def lesion_rows(measured: Measurement, patient_id: str) -> pd.DataFrame:
    """The lesion table of a scan as `--lesions` takes it: a row per lesion, numbered from 1."""
    lesions = measured.lesions
    numbers = pd.Series(range(1, len(lesions) + 1), index=lesions.index, dtype="int64")
    table = lesions.assign(lesion=numbers, patient_id=str(patient_id))
    return table[list(LESION_COLUMNS)]


def scan_totals(measured: Measurement, patient_id: str) -> pd.DataFrame:
    """One row of dictionary variables, indexed by patient_id; zeros where there is no lesion.

    Mass is missing without a calibration factor, unless there is no calcium.
    """
    rows = lesion_rows(measured, patient_id)
    if rows.empty:
        index = pd.Index([str(patient_id)], name="patient_id")
        totals = pd.DataFrame(dict.fromkeys(_ZERO, 0.0), index=index)
    else:
        totals = summarise_lesions(rows)
    return totals.reindex(columns=list(TOTAL_COLUMNS))


def choose_mass_factor(about: Acquisition, said: Declaration) -> tuple[float | None, str]:
    """The calibration factor of a scan, mg per cm3 and HU, and where it comes from.

    Declared, else of the patient (0018,9351), else of the device for the declared size of the
    patient (0018,9352), else none. Raises ScanError where a size is declared in vain.
    """
    if said.mass_factor is not None:
        return said.mass_factor, "declared"
    if about.mass_factor is not None and about.mass_factor > 0:
        return about.mass_factor, "Calcium Scoring Mass Factor Patient (0018,9351)"
    if said.patient_size is None:
        return None, "none known: mass is missing"
    if about.device_mass_factors is None:
        raise ScanError("--patient-size: the scan has no mass factors of its device (0018,9352)")
    factor = about.device_mass_factors[PATIENT_SIZES.index(said.patient_size)]
    return factor, f"Calcium Scoring Mass Factor Device (0018,9352), {said.patient_size} patient"


def hashed(uid: str | None) -> str | None:
    """SHA-256 of an identifier, so that scans can be told apart and not looked up."""
    return None if uid is None else hashlib.sha256(uid.encode()).hexdigest()


def pseudonym(scan: Scan) -> str:
    """A name for a scan whose patient is not named: from its series, else from its voxels."""
    uid = scan.acquisition.series_uid
    digest = hashed(uid) if uid else hashlib.sha256(scan.hu.tobytes()).hexdigest()
    return f"scan-{str(digest)[:12]}"


def record(
    scan: Scan,
    measured: Measurement,
    rules: MeasuringRules,
    mask_kind: str,
    mass_factor: tuple[float | None, str],
    warnings: tuple[str, ...],
) -> dict[str, Any]:
    """Everything that was chosen, found and warned of; no name, number or date of the patient."""
    hidden = ("patient_id", "date", "instance_numbers", "declared", "mass_factor")
    about = {name: value for name, value in asdict(scan.acquisition).items() if name not in hidden}
    uids = {name: hashed(about.pop(name)) for name in ("series_uid", "study_uid")}
    about.pop("frame_of_reference")
    spacing, row, column = scan.grid.voxel_mm
    return {
        "rules": rules.record(),
        "declared": list(scan.acquisition.declared),
        "mass_factor_mg_per_cm3_hu": {"value": mass_factor[0], "from": mass_factor[1]},
        "scan": {
            **about,
            "series_sha256": uids["series_uid"],
            "study_sha256": uids["study_uid"],
            "slices": scan.grid.shape[0],
            "slice_spacing_mm": spacing,
            "pixel_mm": [row, column],
        },
        "mask": {"kind": mask_kind},
        "not_counted_mm3": measured.not_counted_mm3,
        "other_structures": _others(measured),
        "warnings": list(warnings),
    }


def _others(measured: Measurement) -> dict[str, dict[str, float]]:
    sums = measured.others.groupby("vessel")[["agatston", "volume"]].sum()
    return {
        str(name): {"agatston": float(row["agatston"]), "volume_mm3": float(row["volume"])}
        for name, row in sums.iterrows()
    }
