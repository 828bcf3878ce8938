"""The what-if panel: what to do about each treatment, and what the ticked ones do together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clinic.words.texts import PageTexts
from features.dictionary.dictionary import Dictionary
from models.risk.absolute_risk import Link
from models.treatment_effects.change import Change, Setting
from models.treatment_effects.decision import Decision
from models.treatment_effects.effects import TreatmentEffects
from models.treatment_effects.what_if import (
    OptionResult,
    WhatIf,
    evaluate,
    evaluate_all,
    take_together,
    without_statin,
)

_GRADES = {
    "RCT": "trial",
    "meta-analysis of RCTs": "trials",
    "Mendelian/cohort": "cohorts",
    "mechanistic": "mechanism",
    "none": "none",
}
_OFFERED: tuple[Decision, ...] = ("recommended", "consider")


@dataclass(frozen=True)
class TreatmentRow:
    """One option as it is shown; ``change`` is None where there is no figure to show.

    ``after_others``: open, or shown, on top of the ticked ones only. ``against``: what a guideline
    says against an option that is to be considered, "". ``excluded``: ``reasons`` say why it is not
    for this patient, and not what is to be checked.
    """

    name: str
    label: str
    text: str
    decision: Decision
    recommended_by: str
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
    to_harm: str
    observational: bool
    after_others: bool
    chosen: bool
    exclusive: str | None
    against: str = ""
    excluded: bool = False


@dataclass(frozen=True)
class TreatmentPanel:
    """Options by what is to be done about them, and the ticked ones together.

    ``offered``: recommended first, then to be considered, each by its number needed to treat;
    ``harmful``; ``unclear``: would need a value that is missing; ``not_for_patient``: no trial
    tells of such a patient; ``withheld``: figures not seen in their source; ``not_established``.
    ``refused``: what was ticked beside something that excludes it; ``outdone``: beside something
    stronger of its pathway; ``closed``: beside what leaves it untested. ``untreated``: what risk
    and LDL cholesterol would be without the statin that is taken. ``on_any_death``: effects are
    withheld because the model predicts death from any cause.
    """

    horizon: float
    offered: tuple[TreatmentRow, ...]
    harmful: tuple[TreatmentRow, ...]
    unclear: tuple[TreatmentRow, ...]
    withheld: tuple[TreatmentRow, ...]
    not_for_patient: tuple[TreatmentRow, ...]
    not_established: tuple[TreatmentRow, ...]
    combined: Change | None
    combined_needed: str
    counted: tuple[str, ...]
    bounded: bool
    observational: bool
    strongest: str
    refused: tuple[str, ...]
    outdone: tuple[str, ...]
    closed: tuple[str, ...]
    untreated: str
    on_any_death: bool
    ldl_left: float | None


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
        risk_limits: tuple[float, float] | None = None,
        deferred: str = "",
    ) -> TreatmentPanel:
        """The panel of one patient; names in ``chosen`` that are no options are left out.

        ``deferred``: what speaks for deferring a statin, or may; "" where nothing does.
        """
        setting = Setting.of(self.link, margins, horizon, risk_limits)
        alone = evaluate_all(list(self.effects.values()), setting, patient)
        wrong = {r.option.name for r in alone if r.decision in ("harm", "unclear")}
        wanted, refused = self._choose([name for name in chosen if name not in wrong])
        ticked = [name for name in self.effects if name in chosen and name not in refused]
        together = take_together(self.effects, setting, patient, wanted)
        rows = [self._row(result, result.option.name in wanted, False) for result in alone]
        rows = self._follow_on(rows, setting, together)
        rows = [self._hold_back(row, deferred) for row in rows] if deferred else rows
        groups: dict[str, list[TreatmentRow]] = {}
        for row in rows:
            groups.setdefault(self._group(row), []).append(row)
        offered = sorted(groups.get("offered", ()), key=_urgency)
        lowers = any(self.effects[name].basis == "ldl" for name in together.counted)
        ldl = together.patient.get("ldl_cholesterol") if lowers else None
        return TreatmentPanel(
            horizon,
            tuple(offered),
            tuple(groups.get("harmful", ())),
            tuple(groups.get("unclear", ())),
            tuple(groups.get("withheld", ())),
            tuple(groups.get("not_for_patient", ())),
            tuple(groups.get("not_established", ())),
            together.combined,
            self._needed(together.combined),
            self._labels(together.counted),
            together.bounded,
            together.observational,
            f"{100 * (1 - self.effects.strongest):.0f}",
            self._labels(refused),
            self._labels(together.outdone),
            self._labels(set(ticked).difference(together.counted, together.outdone)),
            self._untreated(setting, patient),
            self.effects.on_any_death,
            None if ldl is None else float(ldl),
        )

    def _hold_back(self, row: TreatmentRow, deferred: str) -> TreatmentRow:
        meant = row.exclusive == "statin" and row.decision == "consider"
        return replace(row, against=self.texts.phrase(deferred)) if meant else row

    def _labels(self, names: Collection[str]) -> tuple[str, ...]:
        return tuple(
            self.texts.phrase(one.label) for name, one in self.effects.items() if name in names
        )

    def _choose(self, chosen: Sequence[str]) -> tuple[list[str], list[str]]:
        """The options that can be taken together, and those that cannot."""
        wanted: list[str] = []
        refused: list[str] = []
        taken: set[str] = set()
        for name, option in self.effects.items():
            if name not in chosen:
                continue
            if option.exclusive in taken:
                refused.append(name)
                continue
            wanted.append(name)
            if option.exclusive is not None:
                taken.add(option.exclusive)
        return wanted, refused

    def _follow_on(
        self, rows: list[TreatmentRow], setting: Setting, together: WhatIf
    ) -> list[TreatmentRow]:
        """What the ticked ones open up, with what it adds to them."""
        if together.combined is None:
            return rows
        log_effect = float(np.log(together.combined.relative_effect.estimate))
        margins = setting.margins.copy()
        margins[0] += log_effect
        after = replace(setting, margins=margins)
        return [self._opened(row, after, together) for row in rows]

    def _opened(self, row: TreatmentRow, after: Setting, together: WhatIf) -> TreatmentRow:
        if row.chosen and row.name in together.counted and row.change is None:
            return replace(row, after_others=True, decision="consider", reasons=())
        if row.chosen or row.decision in _OFFERED:
            return row
        opened = evaluate(self.effects[row.name], after, together.patient)
        is_open = opened.decision in _OFFERED and opened.change is not None
        return self._row(opened, False, True) if is_open else row

    def _row(self, result: OptionResult, chosen: bool, after_others: bool) -> TreatmentRow:
        option, effect = result.option, ""
        phrase, number = self.texts.phrase, self.texts.write.number
        if option.effect is not None:
            low, high = number(option.effect.low), number(option.effect.high)
            estimate = number(option.effect.estimate)
            effect = self.texts(
                "treatments.effect", n=estimate, low=low, high=high, per=phrase(option.effect.per)
            )
        to_harm = ""
        if result.harm is not None and result.needed_to_harm is not None:
            to_harm = (
                f"{self.texts.write.whole(result.needed_to_harm)} ({phrase(result.harm.name)})"
            )
        return TreatmentRow(
            option.name,
            phrase(option.label),
            phrase(option.text),
            result.decision,
            phrase(option.recommended_by) if result.decision == "recommended" else "",
            self.texts(f"treatments.grades.{_GRADES[option.evidence]}"),
            phrase(option.checked),
            phrase(option.citation),
            phrase(option.outcome),
            phrase(option.population),
            phrase(result.harm.text) if result.harm else "",
            self._amount(result),
            effect,
            tuple(self._reason(reason) for reason in result.reasons),
            result.change if result.decision != "unclear" else None,
            self._needed(result.change),
            to_harm,
            result.status == "observational",
            after_others,
            chosen,
            option.exclusive,
            excluded=result.verdict == "not_eligible" or result.decision == "harm",
        )

    def _group(self, row: TreatmentRow) -> str:
        if row.decision in _OFFERED:
            return "offered"
        if row.decision != "no_estimate":
            return "harmful" if row.decision == "harm" else "unclear"
        status = self.effects[row.name].status
        return status if status in ("not_established", "withheld") else "not_for_patient"

    def _amount(self, result: OptionResult) -> str:
        amount = result.option.amount
        if amount.kind == "once" or result.amount is None:
            return ""
        variable = self.dictionary[amount.variable]
        key = "raised" if amount.kind == "raise_to" else "lowered"
        change = f"{self.texts.write.number(result.amount)} {self.texts.unit(variable.unit or '')}"
        return self.texts(f"treatments.{key}", name=self.texts.label(variable), change=change)

    def _reason(self, reason: str) -> str:
        if reason in self.dictionary:
            return self.texts("treatments.unknown", name=self.texts.label(self.dictionary[reason]))
        return self.texts.phrase(reason)

    def _needed(self, change: Change | None) -> str:
        needed = None if change is None else change.number_needed_to_treat
        if needed is None:
            return "–"
        low, high = self.texts.write.whole(needed.low), self.texts.write.whole(needed.high)
        return self.texts(
            "treatments.needed", n=self.texts.write.whole(needed.estimate), low=low, high=high
        )

    def _untreated(self, setting: Setting, patient: Mapping[str, Any]) -> str:
        found = without_statin(self.effects, setting, patient)
        if found is None:
            return ""
        ldl, risk = found
        write = self.texts.write
        return self.texts(
            "treatments.untreated",
            ldl=write.whole(ldl),
            risk=write.percent(risk.estimate),
            low=write.percent(risk.low),
            high=write.percent(risk.high),
        )


def _urgency(row: TreatmentRow) -> tuple[bool, bool, float]:
    needed = row.change.number_needed_to_treat if row.change else None
    number = needed.estimate if needed else float("inf")
    return row.decision != "recommended", bool(row.against), number
