"""Known disease and treatment of the simulated patients; who is treated is confounded.

Statins go to those with high LDL before treatment, with diabetes, with known disease and with
age. The share treated by ethnicity: Budoff 2018, table 1. Drugs after MESA's time and known
disease (MESA enrolled nobody with it) are kept rare, so that each variable occurs.
"""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.simulation.draws import Columns, Draws, by_group, code, sigmoid

INTENSITIES = ("none", "low", "moderate", "high")
ANTIPLATELETS = ("none", "single", "dual")
EXPERIMENTAL = (
    "chelation",
    "calcification_inhibitor",
    "bmp_inhibitor",
    "gene_nano_therapy",
)
_EXPERIMENTAL_SHARE = (0.004, 0.002, 0.001, 0.001)

# Intercepts that give 33.1, 50.3, 32.6 and 28.7 % treated for pressure, 18.4, 16.6, 13.1 and
# 14.5 % for lipids, with the slopes below.
_PRESSURE_TREATED = (-1.0, -0.62, -1.22, -1.35)
_STATIN = (-2.52, -2.76, -3.18, -2.85)
# Share of LDL taken away in practice; trials reach 30, 40 and 50 % at these intensities.
LDL_LOWERING = (0.0, 0.22, 0.32, 0.42)


def draw_known_disease(draws: Draws, patient: Columns) -> Columns:
    """Prior cardiac and vascular disease, carotid findings, prior coronary intervention."""
    smoker = patient["smoking_status"] != "never"
    load = 0.05 * (patient["age"] - 62) + 0.5 * patient["diabetes"] + 0.4 * smoker
    load = load + 0.3 * patient["_male"]
    cad = draws.happens("prior_cad", sigmoid(-4.7 + load))
    thickness = 0.84 + 0.0075 * (patient["age"] - 62) + 0.02 * patient["_male"]
    thickness = thickness + 0.0012 * (patient["_untreated_sbp"] - 125)
    return {
        "prior_cad": cad,
        "prior_pci": cad & draws.happens("prior_pci", 0.55),
        "prior_stroke": draws.happens("prior_stroke", sigmoid(-5.6 + load)),
        "prior_pad": draws.happens("prior_pad", sigmoid(-5.4 + 1.2 * load)),
        "prior_aaa": draws.happens("prior_aaa", sigmoid(-6.6 + 1.2 * load)),
        "carotid_stenosis": draws.happens("carotid_stenosis", sigmoid(-5.2 + load)),
        "carotid_imt": np.round(
            np.clip(thickness * np.exp(0.17 * draws.normal("carotid_imt")), 0.4, 2.4), 2
        ),
    }


def treat_pressure(draws: Draws, patient: Columns) -> Columns:
    """Who takes drugs for blood pressure, and the usual pressure that results."""
    untreated = patient["_untreated_sbp"]
    odds = by_group(patient["_ethnicity"], _PRESSURE_TREATED) + 0.042 * (untreated - 128)
    odds = odds + 0.035 * (patient["age"] - 62) + 0.9 * patient["diabetes"]
    treated = draws.happens("bp_treated", sigmoid(odds + 1.0 * patient["prior_cad"]))
    inhibitor = treated & draws.happens("ras_inhibitor", sigmoid(-0.3 + 1.0 * patient["diabetes"]))
    return {
        "bp_treated": treated,
        "ras_inhibitor": inhibitor,
        "_usual_sbp": untreated * np.where(treated, 0.90, 1.0),
    }


def treat_lipids(draws: Draws, patient: Columns) -> Columns:
    """Statins by indication, the rarer lipid drugs, and the lipids that result."""
    untreated = patient["_untreated_ldl"]
    known = patient["prior_cad"] | patient["prior_stroke"] | patient["prior_pad"]
    odds = by_group(patient["_ethnicity"], _STATIN) + 0.030 * (untreated - 122)
    odds = odds + 0.030 * (patient["age"] - 62) + 0.8 * patient["diabetes"] + 1.6 * known
    odds = odds + 0.5 * patient["bp_treated"] + 0.2 * patient["family_history"]
    treated = draws.happens("statin", sigmoid(odds))
    strong = sigmoid(0.02 * (untreated - 140) + 1.0 * known - 1.6)
    mild = 0.28 * (1 - strong)
    level = draws.pick("intensity", np.column_stack([mild, 1 - mild - strong, strong]))
    level = np.where(treated, level + 1, 0)
    years = np.clip(np.round(draws.stream("statin_years").exponential(4.5, draws.n), 1), 0.1, 20)
    second = {
        "ezetimibe": draws.happens("ezetimibe", np.where(treated, 0.06, 0.004)),
        "pcsk9_inhibitor": draws.happens("pcsk9", np.where(known, 0.06, 0.0015)),
        "bempedoic_acid": draws.happens("bempedoic", np.where(treated, 0.004, 0.002)),
        "icosapent_ethyl": draws.happens(
            "icosapent", np.where(patient["_untreated_triglycerides"] > 150, 0.02, 0.002)
        ),
    }
    other = draws.happens(
        "fibrate", np.where(patient["_untreated_triglycerides"] > 200, 0.06, 0.01)
    )
    kept = _ldl_kept(second)
    return {
        "_statin": level,
        "_kept_without_statin": kept,
        "_treated_ldl": untreated * kept * (1 - by_group(level, LDL_LOWERING)),
        "_treated_triglycerides": np.clip(
            patient["_untreated_triglycerides"]
            * np.where(second["icosapent_ethyl"], 0.82, 1.0)
            * np.where(other, 0.75, 1.0),
            22,
            900,
        ),
        "statin_intensity": code(level, INTENSITIES),
        "statin_years": np.where(treated, years, 0.0),
        "lipid_lowering": treated | other | np.any(list(second.values()), axis=0),
        **second,
    }


def _ldl_kept(second: Columns) -> FloatArray:
    kept = np.where(second["ezetimibe"], 0.80, 1.0)
    kept = kept * np.where(second["pcsk9_inhibitor"], 0.45, 1.0)
    return np.asarray(kept * np.where(second["bempedoic_acid"], 0.82, 1.0))


def draw_other_drugs(draws: Draws, patient: Columns) -> Columns:
    """Antiplatelets, anticoagulants, drugs for diabetes, and the experimental therapies.

    The experimental therapies fall on patients by chance alone and change nothing.
    """
    diabetes, stented = patient["diabetes"].astype(bool), patient["prior_pci"].astype(bool)
    odds = -1.6 + 0.035 * (patient["age"] - 62) + 0.4 * patient["_male"]
    single = draws.happens("aspirin", sigmoid(odds + 2.2 * patient["prior_cad"]))
    dual = stented & draws.happens("dual", 0.35)
    trial = {
        name: draws.happens(name, share)
        for name, share in zip(EXPERIMENTAL, _EXPERIMENTAL_SHARE, strict=True)
    }
    return {
        "antiplatelet": code(np.where(dual, 2, single.astype(np.int64)), ANTIPLATELETS),
        "vitamin_k_antagonist": draws.happens(
            "warfarin", sigmoid(-4.6 + 0.07 * (patient["age"] - 62))
        ),
        "insulin": diabetes & draws.happens("insulin", 0.16),
        "sglt2_inhibitor": diabetes & draws.happens("sglt2", 0.07),
        "glp1_agonist": draws.happens("glp1", np.where(diabetes, 0.08, 0.003)),
        "colchicine": draws.happens("colchicine", 0.008),
        "lithotripsy": stented & draws.happens("lithotripsy", 0.12),
        **trial,
    }
