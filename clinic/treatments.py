"""The what-if panel: trial evidence applied to one patient's risk, and what has no evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clinic.texts import PageTexts
from clinic.wording import number, whole
from features.dictionary.dictionary import Dictionary
from models.risk.absolute_risk import Link
from models.treatment_effects.effects import TreatmentEffects
from models.treatment_effects.eligibility import hangs_on_missing
from models.treatment_effects.what_if import Change, OptionResult, what_if

_GRADES = {
    "RCT": "trial",
    "meta-analysis of RCTs": "trials",
    "Mendelian/cohort": "cohorts",
    "mechanistic": "mechanism",
    "none": "none",
}


@dataclass(frozen=True)
class TreatmentRow:
    """One option as it is shown; ``change`` is None where there is no figure to show."""

    name: str
    label: str
    text: str
    evidence: str
    checked: str
    citation: str
    outcome: str
    population: str
    harm: str
    amount: str
    effect: str
    reasons: tuple[str, ...]
    change: Change | None
    needed: str
    chosen: bool


@dataclass(frozen=True)
class TreatmentPanel:
    """Options by what is known of them, and the chosen ones together.

    ``possible``: randomised and offered; ``observed``: cohorts only; ``unclear``: would need a
    value that is missing; ``not_for_patient``; ``withheld``: figures not checked in their source;
    ``not_established``.
    """

    horizon: float
    possible: tuple[TreatmentRow, ...]
    observed: tuple[TreatmentRow, ...]
    unclear: tuple[TreatmentRow, ...]
    withheld: tuple[TreatmentRow, ...]
    not_for_patient: tuple[TreatmentRow, ...]
    not_established: tuple[TreatmentRow, ...]
    combined: Change | None
    combined_needed: str
    counted: tuple[str, ...]
    bounded: bool
    strongest: str


@dataclass(frozen=True)
class TreatmentAdvice:
    """Makes the panel; holds what is the same for every patient."""

    effects: TreatmentEffects
    link: Link
    dictionary: Dictionary
    texts: PageTexts

    def build(
        self,
        margins: npt.NDArray[np.float64],
        horizon: float,
        patient: Mapping[str, Any],
        chosen: Sequence[str],
    ) -> TreatmentPanel:
        """The panel of one patient; names in ``chosen`` that are no options are left out."""
        alone = what_if(self.effects, self.link, margins, horizon, patient, list(self.effects))
        fitting = {r.option.name for r in alone.options if _group(r, patient) == "possible"}
        wanted = [name for name in self.effects if name in chosen and name in fitting]
        together = what_if(self.effects, self.link, margins, horizon, patient, wanted)
        groups: dict[str, list[TreatmentRow]] = {}
        for result in alone.options:
            group = _group(result, patient)
            groups.setdefault(group, []).append(self._row(result, patient, wanted))
        return TreatmentPanel(
            horizon,
            tuple(groups.get("possible", ())),
            tuple(groups.get("observed", ())),
            tuple(groups.get("unclear", ())),
            tuple(groups.get("withheld", ())),
            tuple(groups.get("not_for_patient", ())),
            tuple(groups.get("not_established", ())),
            together.combined,
            self._needed(together.combined),
            tuple(self.effects[name].label for name in together.counted),
            together.bounded,
            f"{100 * (1 - self.effects.strongest):.0f}",
        )

    def _row(
        self, result: OptionResult, patient: Mapping[str, Any], wanted: Sequence[str]
    ) -> TreatmentRow:
        option, effect = result.option, ""
        if option.effect is not None:
            low, high = (number(v) for v in (option.effect.low, option.effect.high))
            estimate = number(option.effect.estimate)
            effect = self.texts(
                "treatments.effect", n=estimate, low=low, high=high, per=option.effect.per
            )
        return TreatmentRow(
            option.name,
            option.label,
            option.text,
            self.texts(f"treatments.grades.{_GRADES[option.evidence]}"),
            option.checked,
            option.citation,
            option.outcome,
            option.population,
            option.harm or "",
            self._amount(result),
            effect,
            tuple(self._reason(reason) for reason in result.reasons),
            result.change,
            self._needed(result.change),
            option.name in wanted,
        )

    def _amount(self, result: OptionResult) -> str:
        amount = result.option.amount
        if amount.kind == "once" or result.amount is None:
            return ""
        variable = self.dictionary[amount.variable]
        key = "raised" if amount.kind == "raise_to" else "lowered"
        change = f"{number(result.amount)} {variable.unit}"
        return self.texts(f"treatments.{key}", name=variable.label, change=change)

    def _reason(self, reason: str) -> str:
        if reason in self.dictionary:
            return self.texts("treatments.unknown", name=self.dictionary[reason].label)
        return reason

    def _needed(self, change: Change | None) -> str:
        needed = None if change is None else change.number_needed_to_treat
        if needed is None:
            return "–"
        low, high = whole(needed.low), whole(needed.high)
        return self.texts("treatments.needed", n=whole(needed.estimate), low=low, high=high)


def _group(result: OptionResult, patient: Mapping[str, Any]) -> str:
    option = result.option
    if result.status == "not_established":
        return "not_established"
    if result.verdict == "not_eligible":
        return "not_for_patient"
    needs_amount = option.effect is not None and result.change is None
    if needs_amount or hangs_on_missing(option.requirements, patient, option.variables[0]):
        return "unclear"
    if result.status == "withheld":
        return "withheld"
    return "observed" if result.status == "observational" else "possible"
