"""The section on growth: what changed, what is expected, when to look again, what slows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from clinic.patient.growth.change import Change, describe_change, first_screen_line
from clinic.patient.growth.outlook import Outlook, OutlookWriter
from clinic.words.texts import PageTexts
from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary
from models.progression.effects import Effect, load_effects
from models.progression.forecaster import Forecaster
from models.treatment_effects.conditions import recorded

_SUPPLEMENTS = ("vitamin_k2", "vitamin_d_supplement", "calcium_supplement")
_NOT_TAKEN: tuple[object, ...] = (0.0, "none")


@dataclass(frozen=True)
class LedgerRow:
    """A treatment: what trials found of calcium and, beside it, of events.

    ``concerned``: the patient takes it, or what it would replace.
    """

    id: str
    label: str
    calcium_text: str
    calcium_source: str
    events_text: str
    events_source: str
    calcium: str
    events: str
    concerned: bool


@dataclass(frozen=True)
class GrowthSection:
    """What the page shows of growth. ``first_screen``: its line there, "" without an earlier scan.

    ``outlook``: None where ``without`` says why.
    ``pace``: who says it, and how fast the score rose for age and sex; the two are never merged.
    """

    first_screen: str
    change: Change
    pace: tuple[tuple[str, str], ...]
    outlook: Outlook | None
    without: str
    headline: str
    ledger: tuple[LedgerRow, ...]


@dataclass(frozen=True)
class GrowthWriter:
    """Makes the section; ``forecaster``: None where no progression model is at hand."""

    forecaster: Forecaster | None
    dictionary: Dictionary
    texts: PageTexts

    def write(
        self, covariates: pd.DataFrame, features: pd.DataFrame, known: Mapping[str, Any]
    ) -> GrowthSection:
        """The section of one patient (1, variables); ``known``: the same, with what follows."""
        if self.forecaster is not None:
            fit = self.forecaster.for_columns(covariates.columns)
            return replace(self, forecaster=fit)._write(covariates, features, known)
        return self._write(covariates, features, known)

    def _write(
        self, covariates: pd.DataFrame, features: pd.DataFrame, known: Mapping[str, Any]
    ) -> GrowthSection:
        change = describe_change(known, covariates, self.dictionary, self.texts)
        outlook, without = None, self.texts("growth.no_model")
        if self.forecaster is not None:
            writer = OutlookWriter(self.forecaster, self.dictionary, self.texts)
            outlook = writer.write(covariates, features, known, change)
            without = "" if outlook else self.texts("growth.no_score")
        ledger = load_effects()
        return GrowthSection(
            first_screen_line(change, known, self.texts),
            change,
            self._pace(change, covariates),
            outlook,
            without,
            self.texts.phrase(ledger.headline),
            tuple(self._row(effect, known) for effect in ledger.effects),
        )

    def _pace(self, change: Change, covariates: pd.DataFrame) -> tuple[tuple[str, str], ...]:
        if not change.line or not change.comparable:
            return ()
        told = [("published", change.published)]
        if self.forecaster is not None:
            columns = Columns.of(covariates, self.dictionary)
            told.append(("model", str(self.forecaster.judge_pace(columns)[0])))
        return tuple(
            (self.texts(f"growth.pace.{who}"), self.texts(f"growth.pace.{found or 'unknown'}"))
            for who, found in told
        )

    def _row(self, effect: Effect, known: Mapping[str, Any]) -> LedgerRow:
        phrase = self.texts.phrase
        return LedgerRow(
            effect.id,
            phrase(effect.label),
            phrase(effect.calcium_text),
            phrase(effect.calcium_source),
            phrase(effect.events_text),
            phrase(effect.events_source),
            self.texts(f"growth.ledger.on_calcium.{effect.calcium}"),
            self.texts(f"growth.ledger.on_events.{effect.events}"),
            any(self._is_taken(name, recorded(known, name)) for name in effect.variables),
        )

    def _is_taken(self, name: str, value: object) -> bool:
        variable = self.dictionary.get(name)
        if variable is None or value is None or value in _NOT_TAKEN:
            return False
        return variable.group in ("therapy", "emerging") or name in _SUPPLEMENTS
