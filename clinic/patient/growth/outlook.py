"""What a progression model expects of a patient's score, why, and when another scan would tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from clinic.drawing.bars import Bar, draw_theme_bars
from clinic.drawing.canvas import for_both_widths
from clinic.drawing.fan_chart import Fan, FanWords, Measured, draw_fan
from clinic.patient.calcium import has_diseased_arteries
from clinic.patient.growth.change import Change
from clinic.patient.themes import fold_themes, theme_of
from clinic.words.texts import PageTexts
from features.array_types import FloatArray
from features.derivation.calcium import EARLIER_CALCIUM
from features.derivation.catalogue import catalogue_of
from features.dictionary.dictionary import Dictionary
from models.explanation.explanation import find_unknown
from models.margins import REACH
from models.progression.forecaster import Forecaster
from models.progression.law.growth_law import Patients
from models.progression.law.published_law import expected_score
from models.progression.next_scan import CATEGORIES, SHARE, next_category, plan_next_scan
from models.progression.predictor import QUANTILES
from models.progression.two_scans.change import detectable_rise
from models.treatment_effects.conditions import recorded

# Of these the bars tell; others are summed.
_BARS, _SMALL = 6, 0.5
_MAIN_YEARS = 5.0
_MOMENTS = 8


@dataclass(frozen=True)
class Expected:
    """The score after some years: expected, the middle, its 90 % interval, chances in words."""

    years: str
    mean: str
    middle: str
    interval_90: str
    chances: tuple[str, ...]


@dataclass(frozen=True)
class Outlook:
    """``passing``: heads of the columns of chances; ``why``: head of the bars.

    ``against``: the forecast beside people with the same score. ``rest``: what the bars leave out.
    ``next_scan``: in sentences; the first says whether one would change anything.
    """

    fan: Markup
    passing: tuple[str, ...]
    expected: tuple[Expected, ...]
    why: str
    against: str
    bars: Markup
    rest: str
    estimated: bool
    next_scan: tuple[str, ...]


@dataclass(frozen=True)
class _Patient:
    """One patient as the model sees them."""

    features: pd.DataFrame
    law: Patients
    known: Mapping[str, Any]
    covariates: pd.DataFrame

    @property
    def first(self) -> float:
        return float(self.law.first[0])

    @property
    def had_calcium(self) -> bool:
        """Whether an earlier scan showed any, by its score or its volume."""
        return any(self.value(name) > 0 for name in EARLIER_CALCIUM)

    def value(self, name: str) -> float:
        found = recorded(self.known, name)
        return float("nan") if found is None else float(found)


@dataclass(frozen=True)
class OutlookWriter:
    """Makes the outlook; holds what is the same for every patient."""

    forecaster: Forecaster
    dictionary: Dictionary
    texts: PageTexts

    @property
    def main_years(self) -> float:
        """Of the years that the model is for the nearest to five: why and against whom."""
        return min(self.forecaster.about.horizons, key=lambda years: abs(years - _MAIN_YEARS))

    def write(
        self,
        covariates: pd.DataFrame,
        features: pd.DataFrame,
        known: Mapping[str, Any],
        change: Change,
    ) -> Outlook | None:
        """The outlook of one patient (1, ...); None where the score now is not known."""
        score, bmi = (recorded(known, name) for name in ("cac_agatston", "bmi"))
        if score is None:
            return None
        first, body = np.array([float(score)]), np.array([np.nan if bmi is None else float(bmi)])
        law = self.forecaster.predictor.patients(features, first, body)
        patient = _Patient(features, law, known, covariates)
        passing = self._thresholds(patient)
        bars, rest, estimated, against = self._why(patient)
        expected = self._expected(patient, passing)
        return Outlook(
            self._fan(patient, change, expected[-1]),
            tuple(
                self.texts("growth.passing", score=self.texts.write.general(one)) for one in passing
            ),
            expected,
            self.texts("growth.why", years=self.texts.write.general(self.main_years)),
            against,
            bars,
            rest,
            estimated,
            self._next_scan(patient),
        )

    def _thresholds(self, patient: _Patient) -> tuple[float, ...]:
        """The next categories above the score of now, two at most."""
        return tuple(edge for edge in CATEGORIES if edge >= patient.first)[:2]

    def _expected(self, patient: _Patient, passing: Sequence[float]) -> tuple[Expected, ...]:
        years = self.forecaster.about.horizons
        passed, scores, mean = self.forecaster.predictor.distribution(patient.law, passing, years)
        at = {round(100 * share): column for column, share in enumerate(QUANTILES)}

        def interval(row: int) -> str:
            ends = (self.texts.write.whole(float(scores[0, row, at[end]])) for end in (5, 95))
            return self.texts("growth.interval", **dict(zip(("low", "high"), ends, strict=True)))

        return tuple(
            Expected(
                self.texts.write.general(after),
                self.texts.write.whole(float(mean[0, row])),
                self.texts.write.whole(float(scores[0, row, at[50]])),
                interval(row),
                tuple(self.texts.write.percent(float(chance)) for chance in passed[0, row]),
            )
            for row, after in enumerate(years)
        )

    def _fan(self, patient: _Patient, change: Change, last: Expected) -> Markup:
        predictor, texts = self.forecaster.predictor, self.texts
        years = np.linspace(0, predictor.longest, _MOMENTS + 1)
        scores = predictor.quantiles(patient.law, tuple(years[1:]))[0]
        start = np.full((1, len(QUANTILES)), patient.first)
        noise = self._noise(patient, patient.first)
        measured = [Measured(0.0, patient.first, noise)]
        if change.earlier is not None and change.years is not None:
            measured.insert(0, Measured(-change.years, change.earlier, change.limit))
        fan = Fan(
            tuple(map(float, years)),
            tuple(map(tuple, np.vstack([start, scores]).tolist())),
            tuple(measured),
            self._published(patient, years),
        )
        words = FanWords(
            texts("growth.fan.title"),
            texts("growth.fan.description", now=texts.write.score(patient.first), years=last.years,
                  middle=last.middle, interval=last.interval_90),
            texts("growth.fan.measured"),
            texts("growth.fan.middle"),
            texts("growth.fan.bands"),
            texts("growth.fan.published"),
            texts("growth.fan.years"),
            texts("growth.fan.score"),
        )  # fmt: skip
        return for_both_widths(lambda narrow: draw_fan(fan, words, narrow, texts.write))

    def _noise(self, patient: _Patient, score: float) -> float:
        return float(detectable_rise(np.array([score]), patient.law.bmi)[0])

    def _published(self, patient: _Patient, years: FloatArray) -> tuple[tuple[float, float], ...]:
        """Points (year, score) of the published law: where it speaks, and from a score above 0."""
        age, sex = patient.value("age"), recorded(patient.known, "sex")
        if sex is None or np.isnan(age) or patient.first <= 0:
            return ()
        ages, male = np.full(len(years), age), np.full(len(years), sex == "male")
        scores = expected_score(np.full(len(years), patient.first), ages, male, years)
        if not np.isfinite(scores[0]):
            return ()
        # the percentile is read from a curve that need not meet the score itself
        return tuple(
            (float(year), float(score))
            for year, score in zip(years, scores, strict=True)
            if np.isfinite(score)
        )

    def _why(self, patient: _Patient) -> tuple[Markup, str, bool, str]:
        """Bars of the strongest themes, what they leave out, whether some are filled in, beside."""
        explainer, texts, years = self.forecaster.explainer, self.texts, self.main_years
        known = catalogue_of(self.dictionary)
        owners = {one.name: theme_of(one.variable, self.dictionary) for one in known}
        told = explainer.explain(patient.features, patient.law, years, spread_owners=owners)
        points = told.values.iloc[0]
        unknown = find_unknown(list(map(str, points.index)), patient.covariates, patient.features)
        folded = fold_themes(
            points,
            {name: bool(flags[0]) for name, flags in unknown.items()},
            {},
            self.dictionary,
            texts,
            {str(name): REACH * float(each) for name, each in told.spread.iloc[0].items()},
        )
        shown = [theme for theme in folded if abs(theme.points) >= _SMALL][:_BARS]
        rest = float(told.forecast[0] - told.base[0]) - sum(theme.points for theme in shown)
        rows = [Bar(t.label, t.points, t.limits, t.estimated) for t in shown]
        words = "; ".join(f"{row.label} {self.texts.write.signed(row.points)}" for row in rows)
        title = texts("growth.why", years=texts.write.general(years))
        description = texts("growth.bars_words", list=words)
        bars = for_both_widths(
            lambda narrow: draw_theme_bars(
                rows, title, description, narrow, name="growth-themes", numerals=texts.write
            )
        )
        against = texts(
            "growth.against",
            years=texts.write.general(years),
            own=self.texts.write.whole(float(told.forecast[0])),
            others=self.texts.write.whole(float(told.base[0])),
        )
        estimated = any(theme.estimated for theme in shown)
        said = texts("growth.rest", points=self.texts.write.signed(rest))
        return (bars if rows else Markup()), said, estimated, against

    def _next_scan(self, patient: _Patient) -> tuple[str, ...]:
        texts, predictor = self.texts, self.forecaster.predictor
        threshold = float(next_category(patient.law.first)[0])
        if threshold == 0 and patient.had_calcium:
            return (texts("growth.next.seen_before"),)
        if np.isnan(threshold):
            return (texts("growth.next.decided", score=texts.write.score(patient.first)),)
        spread = self.forecaster.explainer.margin_spread(patient.features)
        plan = plan_next_scan(predictor, patient.law, spread)
        what = texts("growth.next.any" if threshold == 0 else "growth.next.above",
                     score=texts.write.general(threshold))  # fmt: skip
        reached = {
            name: self.texts.write.fixed(float(value[0]), 1) if np.isfinite(value[0])
            else texts("growth.next.beyond", years=self.texts.write.number(predictor.longest))
            for name, value in (("n", plan.years), ("low", plan.soonest), ("high", plan.latest))
        }  # fmt: skip
        key = "growth.next.after" if np.isfinite(plan.years[0]) else "growth.next.not_within"
        if plan.years[0] == 0:
            key = "growth.next.already"
        said = [
            texts(
                key,
                what=what,
                share=self.texts.write.percent(SHARE),
                longest=self.texts.write.number(predictor.longest),
                **reached,
            )
        ]
        if threshold == 0:
            diseased = has_diseased_arteries(patient.known)
            said.append(texts("growth.next.no_warranty" if diseased else "growth.next.warranty"))
        return tuple(said)
