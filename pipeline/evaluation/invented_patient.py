"""A patient who does not exist, for figures that may leave the machine."""

from __future__ import annotations

import pandas as pd

_VALUES: dict[str, float | str] = {
    "age": 66.0,
    "sex": "male",
    "family_history": 1.0,
    "ethnicity": "white",
    "diabetes": 0.0,
    "prior_cad": 0.0,
    "prior_stroke": 0.0,
    "prior_pad": 0.0,
    "prior_aaa": 0.0,
    "prior_pci": 0.0,
    "cac_agatston": 420.0,
    "cac_agatston_lm": 0.0,
    "cac_agatston_lad": 240.0,
    "cac_agatston_lcx": 60.0,
    "cac_agatston_rca": 120.0,
    "cac_volume": 350.0,
    "cac_volume_130_199": 130.0,
    "lesion_count": 9.0,
    "vessel_count": 3.0,
    "cac_density_hu": 245.0,
    "total_cholesterol": 228.0,
    "ldl_cholesterol": 148.0,
    "hdl_cholesterol": 42.0,
    "triglycerides": 190.0,
    "systolic_bp": 148.0,
    "diastolic_bp": 86.0,
    "heart_rate": 72.0,
    "bmi": 29.5,
    "creatinine": 1.1,
    "hscrp": 2.6,
    "glucose": 108.0,
    "hba1c": 5.9,
    "statin_intensity": "none",
    "bp_treated": 1.0,
    "smoking_status": "current",
    "pack_years": 30.0,
    "activity_minutes": 60.0,
    "calcium_diet": 700.0,
}


def invent_patient() -> pd.DataFrame:
    """Canonical covariates (1, variables) of one invented man at high risk; the rest is missing."""
    index = pd.Index(["invented"], name="patient_id")
    frame = pd.DataFrame({name: [value] for name, value in _VALUES.items()}, index=index)
    categories = [name for name, value in _VALUES.items() if isinstance(value, str)]
    return frame.astype(dict.fromkeys(categories, "str"))
