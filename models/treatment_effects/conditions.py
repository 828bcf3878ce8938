"""Conditions on a patient's covariates: true, false, or unknown where a value is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# Numbers beside the dictionary's that rules may be about: the percentile of the calcium score, 1 to
# 99, and the 10-year risk by the score that guidelines go by, a fraction.
PERCENTILE, TEN_YEAR_RISK = "cac_percentile", "ten_year_risk"
DERIVED = (PERCENTILE, TEN_YEAR_RISK)

Patient = Mapping[str, Any]
Truth = bool | None


class AtLeast(float):
    """A number that is not known, but to be at least ``least``; NaN to who asks for the number."""

    least: float

    def __new__(cls, least: float) -> AtLeast:
        """A NaN that carries the least."""
        number = super().__new__(cls, "nan")
        number.least = least
        return number


def recorded(patient: Patient, variable: str) -> Any:
    """The patient's value of a variable, None where it is missing."""
    value = patient.get(variable)
    # NaN alone differs from itself
    return None if value is None or value != value else value


@dataclass(frozen=True)
class Rule:
    """One condition on one variable; ``values``, or the limits that are given.

    ``if_missing``: what a missing value counts as, for what is recorded only where it is present.
    A value of which only the least is known decides what every value from there on decides alike,
    and leaves the rest open: it is no missing one.
    """

    variable: str
    values: tuple[str | float, ...] = ()
    at_least: float | None = None
    below: float | None = None
    if_missing: Truth = None
    above: float | None = None

    def holds(self, patient: Patient) -> Truth:
        """Whether it holds; ``if_missing`` where the patient's value is missing."""
        value = recorded(patient, self.variable)
        if value is None:
            return self._holds_from(patient.get(self.variable))
        if self.values:
            return value in self.values
        number = float(value)
        return (
            (self.at_least is None or number >= self.at_least)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
        )

    def _holds_from(self, value: object) -> Truth:
        if not isinstance(value, AtLeast) or self.values:
            return self.if_missing
        if self.below is not None:
            return False if value.least >= self.below else None
        reached = self.at_least is None or value.least >= self.at_least
        passed = self.above is None or value.least > self.above
        return True if reached and passed else None

    def holds_in_silence(self, patient: Patient, own: str) -> Truth:
        """The same, where a record that is silent of illness and drugs means neither.

        ``own``: the variable of the treatment itself, which mostly is not taken yet.
        """
        held = self.holds(patient)
        if held is not None:
            return held
        if self.values in ((0.0,), (1.0,)):
            return self.values == (0.0,)
        is_own = self.variable == own and ("none" in self.values or self.below is not None)
        return True if is_own else None

    def missing(self, patient: Patient) -> tuple[str, ...]:
        """The variables whose value is missing and could decide it."""
        return (self.variable,) if self.holds(patient) is None else ()


@dataclass(frozen=True)
class Several:
    """Several conditions of which ``all``, at least one (``any``) or ``none`` must hold."""

    of: Literal["all", "any", "none"]
    parts: tuple[Condition, ...]

    def holds(self, patient: Patient) -> Truth:
        """True, False, or None where what is missing could decide it."""
        return self._join([part.holds(patient) for part in self.parts])

    def holds_in_silence(self, patient: Patient, own: str) -> Truth:
        """The same, silence taken for health and no drug."""
        return self._join([part.holds_in_silence(patient, own) for part in self.parts])

    def missing(self, patient: Patient) -> tuple[str, ...]:
        """The variables whose value is missing and could decide it."""
        if self.holds(patient) is not None:
            return ()
        names = (name for part in self.parts for name in part.missing(patient))
        return tuple(dict.fromkeys(names))

    def _join(self, found: Sequence[Truth]) -> Truth:
        decisive = self.of != "all"
        if decisive in found:
            return self.of == "any"
        return None if None in found else self.of != "any"


Condition = Rule | Several
