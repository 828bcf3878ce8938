"""Who a treatment may be offered to, by what its trials tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models.treatment_effects.conditions import Condition, Patient

Verdict = Literal["eligible", "not_eligible", "unknown"]


@dataclass(frozen=True)
class Requirement:
    """``why`` is what a clinician reads where the condition does not hold.

    ``must_be_known``: a record's silence does not meet it, because guessing wrong does harm.
    """

    condition: Condition
    why: str
    must_be_known: bool = False

    def holds(self, patient: Patient) -> bool | None:
        """True, False, or None where what is missing could decide it."""
        return self.condition.holds(patient)

    def hangs(self, patient: Patient, own: str) -> bool:
        """Whether a missing value must be known first; ``own``: the treatment's own variable."""
        if self.holds(patient) is not None:
            return False
        return self.must_be_known or not self.condition.holds_in_silence(patient, own)


@dataclass(frozen=True)
class Eligibility:
    """The verdict with its reasons: what stands against it, or which values are missing."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def hangs_on_missing(requirements: tuple[Requirement, ...], patient: Patient, own: str) -> bool:
    """Whether a missing value must be known before the treatment can be thought of at all."""
    return any(requirement.hangs(patient, own) for requirement in requirements)


def check_eligibility(requirements: tuple[Requirement, ...], patient: Patient) -> Eligibility:
    """Whether all requirements hold for a patient given by canonical covariates."""
    found = [requirement.holds(patient) for requirement in requirements]
    against = [r.why for r, holds in zip(requirements, found, strict=True) if holds is False]
    if against:
        return Eligibility("not_eligible", tuple(dict.fromkeys(against)))
    missing = [name for r in requirements for name in r.condition.missing(patient)]
    if missing:
        return Eligibility("unknown", tuple(dict.fromkeys(missing)))
    return Eligibility("eligible")
