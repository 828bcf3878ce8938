"""What is to be done about a treatment in one patient: the trials' and the guidelines' word."""

from __future__ import annotations

from typing import Literal

from models.treatment_effects.change import Change
from models.treatment_effects.conditions import Patient
from models.treatment_effects.eligibility import check_eligibility, hangs_on_missing
from models.treatment_effects.entry import TreatmentEffect

# recommended: a guideline recommends it; consider: tested in such patients; harm: it likely does
# more harm than good; unclear: a value must be known first; no_estimate: no trial tells of such
# a patient, or none shows an effect.
Decision = Literal["recommended", "consider", "harm", "unclear", "no_estimate"]


def decide(
    option: TreatmentEffect, patient: Patient, horizon: float, change: Change | None
) -> Decision:
    """The decision; ``change``: what the option does to this patient's risk by the horizon."""
    own = option.variables[0]
    # unknown disease is no health: what a patient may need is never called harmful
    if option.harmful is not None and option.harmful.holds(patient):
        return "harm"
    if option.status == "not_established":
        return "no_estimate"
    if check_eligibility(option.requirements, patient).verdict == "not_eligible":
        return "no_estimate"
    missing = option.effect is not None and change is None
    if missing or hangs_on_missing(option.requirements, patient, own):
        return "unclear"
    if _costs_more(option, horizon, change):
        return "harm"
    if option.recommended is not None and option.recommended.holds(patient):
        return "recommended"
    return "no_estimate" if option.status == "withheld" else "consider"


def _costs_more(option: TreatmentEffect, horizon: float, change: Change | None) -> bool:
    if option.harm is None or not option.harm.outweighs or change is None:
        return False
    to_harm = option.harm.number_by(horizon)
    needed = change.number_needed_to_treat
    return to_harm is not None and (needed is None or needed.estimate > to_harm)
