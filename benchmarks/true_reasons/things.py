"""What a clinician would name as one thing: several variables of the dictionary describe it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.derivation.catalogue import CATALOGUE
from features.simulation.calcium import DENSITY_CENTRE
from features.simulation.draws import Columns, sigmoid
from features.simulation.outcomes import event_margin

_VARIABLES = {
    "density of calcium": (
        *("cac_density_hu", "cac_density_score", "cac_volume_130_199", "cac_volume_400_plus"),
        *("cac_volume_200_299", "cac_volume_300_399", "spotty_lesion_count", "sheet_lesion_count"),
    ),
    "LDL": ("total_cholesterol", "ldl_cholesterol", "apob"),
    "smoking": ("smoking_status", "pack_years", "cigarettes_per_day", "years_since_quitting"),
    "glucose": ("diabetes", "hba1c", "glucose", "insulin"),
    "statin": ("statin_intensity", "statin_years", "lipid_lowering"),
    "pressure": ("systolic_bp", "diastolic_bp"),
    "weight": ("bmi", "waist", "weight", "height"),
    "albumin in urine": ("uacr", "albuminuria"),
    "vitamin D": ("vitamin_d", "vitamin_d_supplement"),
    "magnesium": ("magnesium", "magnesium_intake"),
    "calcium intake": ("calcium_diet", "calcium_supplement"),
    "diet": ("mediterranean_score", "dash_score"),
    "coronary disease": ("prior_cad", "prior_pci"),
}
_OF_VARIABLE = {variable: thing for thing, names in _VARIABLES.items() for variable in names}
# what the simulated hazard does not know at all
EFFECTLESS = (
    *("chelation", "calcification_inhibitor", "bmp_inhibitor", "lithotripsy", "gene_nano_therapy"),
    *("vitamin_k2", "vitamin_k_antagonist", "ezetimibe", "pcsk9_inhibitor", "bempedoic_acid"),
)


def thing_of(variable: str, group: str) -> str:
    """The thing that a variable describes: itself where no other does."""
    if variable in _OF_VARIABLE:
        return _OF_VARIABLE[variable]
    return "calcium" if group in ("calcium", "morphology") else variable


THINGS = {each.name: thing_of(each.variable, each.group) for each in CATALOGUE}


def true_terms(patient: Columns) -> pd.DataFrame:
    """The event's true log hazard (n, things) of complete patients, but for a constant.

    The sum over things is `event_margin`: checked in every run.
    """

    def numbers(name: str) -> FloatArray:
        return patient[name].astype(np.float64)

    score, volume = np.log1p(numbers("_untreated_agatston")), numbers("cac_volume")
    usual = DENSITY_CENTRE + 0.25 * (np.log(np.maximum(volume, 4)) - 4.4)
    density = (patient["_native_density"] - usual) * (score > 0)
    slope = 0.250 - 0.0014 * (numbers("age") - 62) + 0.030 * numbers("diabetes")
    spread = 0.08 * np.clip(numbers("_vessels") - 1, 0, 3) * (numbers("_untreated_agatston") < 300)
    status, since = patient["smoking_status"], np.nan_to_num(numbers("years_since_quitting"))
    smoking = 0.55 * (status == "current")
    smoking = smoking + 0.35 * (status == "former") * np.exp(-since / 10)
    own = np.array([0.0, -0.05, -0.10, -0.15])[patient["_statin"].astype(int)]
    terms = {
        "calcium": slope * score + spread + 0.15 * (numbers("cac_agatston_lm") > 0),
        "density of calcium": -density * (0.20 + 0.34 * sigmoid((130 - volume) / 25)),
        "LDL": 0.0040 * (numbers("_treated_ldl") - 120),
        "statin": own,
        "age": 0.062 * (numbers("age") - 62),
        "sex": 0.40 * numbers("_male"),
        "pressure": 0.017 * np.maximum(numbers("_usual_sbp") - 112, 0),
        "bp_treated": 0.15 * numbers("bp_treated"),
        "ras_inhibitor": -0.06 * numbers("ras_inhibitor"),
        "hdl_cholesterol": -0.008 * (numbers("hdl_cholesterol") - 51),
        "lpa_mass": 0.06 * np.log(numbers("lpa_mass") / 18),
        "smoking": smoking + 0.004 * np.minimum(numbers("pack_years"), 60),
        "glucose": 0.50 * numbers("diabetes") + 0.09 * np.maximum(numbers("hba1c") - 6.5, 0),
        "family_history": 0.35 * numbers("family_history"),
        "egfr": 0.016 * np.maximum(60 - numbers("egfr"), 0),
        "albumin in urine": 0.04 * np.log(numbers("uacr") / 5),
        "coronary disease": 0.85 * numbers("prior_cad"),
        "prior_stroke": 0.5 * numbers("prior_stroke"),
        "prior_pad": 0.4 * numbers("prior_pad"),
        "prior_aaa": 0.25 * numbers("prior_aaa"),
        "carotid_stenosis": 0.2 * numbers("carotid_stenosis"),
        "carotid_imt": 0.1 * (numbers("carotid_imt") - 0.85),
        "antiplatelet": -0.08 * (patient["antiplatelet"] != "none"),
        "icosapent_ethyl": -0.15 * numbers("icosapent_ethyl"),
        "colchicine": -0.10 * numbers("colchicine"),
        "sglt2_inhibitor": -0.10 * numbers("sglt2_inhibitor"),
        "glp1_agonist": -0.13 * numbers("glp1_agonist"),
        "hscrp": 0.03 * np.log(numbers("hscrp") / 1.8),
        "activity_minutes": -0.04 * np.minimum(numbers("activity_minutes"), 300) / 150,
        "diet": -0.01 * (numbers("mediterranean_score") - 4.4),
        "magnesium": -0.10 * (numbers("magnesium") - 1.98),
        "growth": 0.03 * numbers("_growth"),
        "calcium intake": 0.05 * (numbers("calcium_supplement") >= 500),
    }
    frame = pd.DataFrame({name: np.asarray(term, np.float64) for name, term in terms.items()})
    if np.ptp(frame.sum(axis=1) - event_margin(patient)) > 1e-9:
        raise AssertionError("The terms are no longer those of features.simulation.outcomes")
    return frame


def draw_factors(seed: int) -> Mapping[str, float]:
    """A world that contradicts the ledger: each effect times 0 to 2, a tenth with a wrong sign.

    Each is drawn by its name, so that a world stays what it is when others are added.
    """
    factors = {}
    for name in sorted({*THINGS.values(), "growth"}):
        draws = np.random.default_rng([seed, *name.encode()])
        factor, is_wrong = draws.uniform(0.0, 2.0), draws.random() < 0.1
        factors[name] = -factor if is_wrong else factor
    return factors
