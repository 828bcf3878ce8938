"""Two patients whose hazards are constant, so that every number can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np

from models.risk.absolute_risk import CompetingRisksLink
from models.risk.baseline import Baseline
from models.treatment_effects.effects import TreatmentEffects
from models.treatment_effects.what_if import WhatIf, what_if

EFFECTS = TreatmentEffects.load()
# hazards a year of the event and of competing death
HIGH, LOW = (0.02, 0.01), (0.006, 0.004)

HEALTHY = {
    "age": 60.0,
    "sex": "male",
    "prior_cad": 0.0,
    "prior_pci": 0.0,
    "prior_stroke": 0.0,
    "prior_pad": 0.0,
    "prior_aaa": 0.0,
    "carotid_stenosis": 0.0,
    "diabetes": 0.0,
    "smoking_status": "never",
    "statin_intensity": "none",
    "lipid_lowering": 0.0,
    "antiplatelet": "none",
    "vitamin_k_antagonist": 0.0,
    "egfr": 80.0,
    "uacr": 10.0,
}


def link_of(hazards: tuple[float, float]) -> CompetingRisksLink:
    """Ten years at these hazards."""
    event, death = hazards
    steps = np.array([[0.0, 10 * event], [0.0, 10 * death]])
    return CompetingRisksLink(Baseline(np.array([0.0, 10.0]), steps))


def incidence(hazards: tuple[float, float], relative: float = 1.0, years: float = 10.0) -> float:
    """Cumulative incidence of constant hazards: a / (a + b) * (1 - exp(-(a + b) t))."""
    event, death = hazards[0] * relative, hazards[1]
    return event / (event + death) * (1 - math.exp(-(event + death) * years))


def ask(
    patient: dict[str, object],
    *chosen: str,
    hazards: tuple[float, float] = HIGH,
    limits: tuple[float, float] | None = None,
) -> WhatIf:
    """The chosen options by ten years."""
    return what_if(EFFECTS, link_of(hazards), np.zeros(2), 10.0, patient, chosen, limits)
