"""Who a treatment may be offered to: rules on a patient's covariates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Patient = Mapping[str, Any]
Verdict = Literal["eligible", "not_eligible", "unknown"]


def recorded(patient: Patient, variable: str) -> Any:
    """The patient's value of a variable, None where it is missing."""
    value = patient.get(variable)
    # NaN alone differs from itself
    return None if value is None or value != value else value


@dataclass(frozen=True)
class Rule:
    """One condition on one variable; ``values``, or at least ``at_least`` and below ``below``."""

    variable: str
    values: tuple[str | float, ...] = ()
    at_least: float | None = None
    below: float | None = None

    def holds(self, patient: Patient) -> bool | None:
        """Whether it holds; None where the patient's value is missing."""
        value = recorded(patient, self.variable)
        if value is None:
            return None
        if self.values:
            return value in self.values
        number = float(value)
        return (self.at_least is None or number >= self.at_least) and (
            self.below is None or number < self.below
        )

    def is_met_by_silence(self, own: str) -> bool:
        """Whether a record that says nothing is taken to meet it.

        Illness and drugs that a record is silent about are mostly absent; ``own`` is the variable
        of the treatment itself, which mostly is not taken yet.
        """
        absent = self.values == (0.0,) or (self.variable == own and "none" in self.values)
        return absent or (self.variable == own and self.below is not None)


@dataclass(frozen=True)
class Requirement:
    """Holds where any of its rules does; ``why`` is what a clinician reads where none does."""

    rules: tuple[Rule, ...]
    why: str

    def holds(self, patient: Patient) -> bool | None:
        """True, False, or None where what is missing could decide it."""
        found = [rule.holds(patient) for rule in self.rules]
        if any(found):
            return True
        return None if None in found else False


@dataclass(frozen=True)
class Eligibility:
    """The verdict with its reasons: what stands against it, or which values are missing."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def hangs_on_missing(requirements: tuple[Requirement, ...], patient: Patient, own: str) -> bool:
    """Whether a missing value must be known before the treatment can be thought of at all."""
    return any(
        requirement.holds(patient) is None
        and not any(
            rule.is_met_by_silence(own) for rule in requirement.rules if rule.holds(patient) is None
        )
        for requirement in requirements
    )


def check_eligibility(requirements: tuple[Requirement, ...], patient: Patient) -> Eligibility:
    """Whether all requirements hold for a patient given by canonical covariates."""
    found = [requirement.holds(patient) for requirement in requirements]
    against = [r.why for r, holds in zip(requirements, found, strict=True) if holds is False]
    if against:
        return Eligibility("not_eligible", tuple(against))
    missing = {
        rule.variable: None
        for requirement, holds in zip(requirements, found, strict=True)
        if holds is None
        for rule in requirement.rules
        if rule.holds(patient) is None
    }
    return Eligibility("unknown", tuple(missing)) if missing else Eligibility("eligible")
