"""How much of a treatment a patient gets, in units of the trial's effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from features.derivation.lipids import STATIN_LOWERING
from features.errors import ModelError
from models.treatment_effects.conditions import Patient, recorded

Kind = Literal["once", "lower_by", "lower_share", "raise_to"]

# The one table of what statins take off LDL cholesterol, by intensity.
STATIN_SHARES = dict(zip(("none", "low", "moderate", "high"), STATIN_LOWERING, strict=True))


@dataclass(frozen=True)
class Amount:
    """A rule for the amount; only the fields of its ``kind`` are used.

    ``lower_by``: the variable falls by what was asked for (``usual`` by default), by ``most`` at
    most. ``lower_share``: it falls by ``share`` of itself or, for a statin, to what the intensity
    ``to`` leaves of it, given what the present intensity left. Neither goes below ``floor``.
    ``raise_to``: it rises to ``target``. ``per``: how much of the variable, in its canonical unit,
    the trial's effect is for.
    """

    kind: Kind = "once"
    variable: str = ""
    per: float = 1.0
    usual: float = 0.0
    most: float = 0.0
    floor: float = 0.0
    target: float = 0.0
    share: float = 0.0
    to: str = ""

    def change(self, patient: Patient, asked: float | None = None) -> float | None:
        """By how much the variable changes, 0 or more; 1 for "once".

        None where a value is missing that it depends on. ``asked``: the change wished for,
        canonical unit; the treatment does no more than it can. Raises ModelError where asking
        makes no sense.
        """
        if asked is not None and (self.kind == "once" or not asked > 0):
            raise ModelError("An amount must be above zero, and is taken by some options only")
        if self.kind == "once":
            return 1.0
        if self.missing(patient):
            return None
        value = float(recorded(patient, self.variable))
        if self.kind == "raise_to":
            return max(0.0, min(self.target - value, self._wished(asked)))
        usual = self.usual if self.kind == "lower_by" and asked is None else self._wished(asked)
        return max(0.0, min(usual, self._most(value, patient), value - self.floor))

    def units(self, patient: Patient, asked: float | None = None) -> float | None:
        """The change in units of the trial's effect; None where a value is missing."""
        change = self.change(patient, asked)
        return None if change is None else change / self.per

    def missing(self, patient: Patient) -> tuple[str, ...]:
        """The variables without which there is no amount."""
        if self.kind == "once":
            return ()
        names = [self.variable] if recorded(patient, self.variable) is None else []
        if self.to and present_statin(patient) is None:
            names.append("statin_intensity")
        return tuple(names)

    def _most(self, value: float, patient: Patient) -> float:
        if self.kind == "lower_by":
            return self.most
        if not self.to:
            return value * self.share
        present = present_statin(patient) or "none"
        return value * (1.0 - (1.0 - STATIN_SHARES[self.to]) / (1.0 - STATIN_SHARES[present]))

    @staticmethod
    def _wished(asked: float | None) -> float:
        return float("inf") if asked is None else asked


def present_statin(patient: Patient) -> str | None:
    """The intensity of the statin taken; None where it is not known.

    Silence is none only where lipid-lowering drugs are denied as a whole: a drug without its kind
    may be a statin of any intensity.
    """
    intensity = recorded(patient, "statin_intensity")
    if intensity is not None:
        return str(intensity)
    return "none" if recorded(patient, "lipid_lowering") == 0 else None
