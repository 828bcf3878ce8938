"""Everything that is shown of one patient, computed from canonical covariates alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from markupsafe import Markup

from clinic.drawing.bars import draw_sizes
from clinic.drawing.canvas import for_both_widths
from clinic.drawing.risk_curve import Curve, CurveWords, draw_risk_curve
from clinic.drawing.waterfall import Step, draw_waterfall
from clinic.patient.calcium import (
    CalciumPanel,
    describe_calcium,
    describe_percentile,
    percentile_of,
)
from clinic.patient.growth.section import GrowthSection, GrowthWriter
from clinic.patient.guidance import Guidance, advise, read_for_rules
from clinic.patient.overview import Overview, OverviewWriter
from clinic.patient.quality import Quality, judge_quality
from clinic.patient.references import ReferenceRisk, compute_references, guideline_scores
from clinic.patient.suppositions import average_of, known_of
from clinic.patient.themes import explain_themes
from clinic.patient.treatments import TreatmentAdvice, TreatmentPanel
from clinic.steps import StepWriter
from clinic.words.texts import PageTexts
from clinic.words.values import ValueWriter
from features.array_types import FloatArray
from features.derivation.catalogue import CATALOGUE, derive_features
from features.derivation.columns import Columns
from features.errors import ModelError
from models.calcium_reading import read_features
from models.explanation.explanation import Explanation
from models.explanation.interactions import find_partners
from models.guidelines.guideline import Guideline
from models.plain_language.summary import summarise_patients
from models.plain_language.writing import write_plain_text
from models.progression.forecaster import Forecaster
from models.reference_scores.reference_score import Inputs
from models.risk.absolute_risk import CompetingRisksLink
from models.scorer import Scorer
from models.treatment_effects.effects import TreatmentEffects

_MOMENTS = 40
_INTERVAL_MOMENTS = 10


@dataclass(frozen=True)
class RiskAt:
    """Risk by a horizon (years) with its interval, fractions."""

    years: float
    risk: float
    interval: tuple[float, float] | None
    competing: float | None


@dataclass(frozen=True)
class Assessment:
    """What the page of one patient shows; drawings are SVG, points are percentage points."""

    horizon: float
    risks: tuple[RiskAt, ...]
    curve: Markup | None
    paragraphs: tuple[tuple[str, str], ...]
    base_risk: float
    steps: tuple[Step, ...]
    other_steps: tuple[Step, ...]
    waterfall: Markup
    overview: Overview
    guidance: Guidance
    references: tuple[ReferenceRisk, ...]
    calcium: CalciumPanel
    vessel_bars: Markup | None
    quality: Quality
    treatments: TreatmentPanel
    growth: GrowthSection


@dataclass(frozen=True)
class Assessor:
    """Assesses patients with one model; ``forecaster``: of later scores, where there is one."""

    scorer: Scorer
    texts: PageTexts
    forecaster: Forecaster | None = None
    effects: TreatmentEffects = field(default_factory=TreatmentEffects.load)
    guideline: Guideline = field(default_factory=Guideline.load)

    def __post_init__(self) -> None:
        if self.scorer.explainer is None:
            raise ModelError("This model was kept without its explainer: train it again")
        if self.scorer.about.any_death:
            object.__setattr__(self, "effects", self.effects.withhold())

    @property
    def horizons(self) -> tuple[float, ...]:
        """Years for which a risk is shown."""
        return self.scorer.about.horizons

    def explain(self, features: pd.DataFrame, horizon: float) -> Explanation:
        """Contributions to the risk by a horizon (years)."""
        assert self.scorer.explainer is not None
        return self.scorer.explainer.explain(features, horizon)

    def find_partners(self, features: pd.DataFrame, horizon: float) -> dict[str, str]:
        """The variable that each variable shares most risk with among these patients."""
        assert self.scorer.explainer is not None
        return find_partners(self.scorer.explainer, features, horizon, CATALOGUE)

    def assess(
        self,
        covariates: pd.DataFrame,
        horizon: float,
        chosen: Sequence[str] = (),
        units: Mapping[str, str] | None = None,
    ) -> Assessment:
        """One patient (1, variables); ``horizon``: that of reasons and treatments, years.

        ``units``: by variable, those that values were entered in and are shown in. Where the
        patient's file had no column of a variable, the gap tells nothing of the patient.
        """
        fit = replace(self, scorer=self.scorer.for_columns(covariates.columns))
        return fit._assess(covariates, horizon, chosen, units)

    def _assess(
        self,
        covariates: pd.DataFrame,
        horizon: float,
        chosen: Sequence[str],
        units: Mapping[str, str] | None,
    ) -> Assessment:
        scorer, texts = self.scorer, self.texts
        writer = ValueWriter(scorer.dictionary, texts, units or {})
        columns = Columns.of(covariates, scorer.dictionary)
        # what is known of the patient, whatever calcium the risk supposes
        known_features = derive_features(columns, scorer.dictionary)
        features = read_features(scorer.predictor, columns, known_features)
        inputs, margins = Inputs(columns), scorer.predictor.margin(features)
        explanation = self.explain(features, horizon)
        risks = self._risks(features, margins)
        at = next(risk for risk in risks if risk.years == horizon)
        intervals = None if at.interval is None else np.array([at.interval])
        moves = None
        if scorer.interval is not None:
            moves = scorer.interval.gap_move(features, horizon, margins)
        summary = summarise_patients(
            covariates,
            known_features,
            explanation,
            scorer.ranges,
            intervals=intervals,
            moves=moves,
            competing=None if at.competing is None else np.array([at.competing]),
            weights=scorer.weights,
            certain=scorer.find_certain(features, explanation),
            simulated=scorer.about.simulated,
            any_death=scorer.about.any_death,
        )[0]
        derived = known_features.iloc[0]
        patient = known_of(columns)
        step_writer = StepWriter(writer, covariates, features, known_features)
        steps = step_writer.write(explanation)
        calcium = describe_calcium(patient, columns, derived, writer)
        advice = TreatmentAdvice(self.effects, scorer.predictor.link, scorer.dictionary, texts)
        percentile, scores = percentile_of(patient, derived), guideline_scores()
        known = read_for_rules(self.guideline, patient, percentile, inputs, scores)
        deferred = self.guideline.deferred_by_zero(known, texts.phrase)
        panel = advice.build(margins[0], horizon, known, chosen, at.interval, deferred)
        harmful = [row.name for row in panel.harmful]
        guidance = advise(self.guideline, known, inputs, scores, texts, harmful)
        grows = GrowthWriter(self.forecaster, scorer.dictionary, texts)
        growth = grows.write(covariates, known_features, patient)
        overview = OverviewWriter(writer, self.guideline).write(
            patient,
            at.risk,
            at.interval,
            average_of(self.scorer, covariates, horizon),
            explain_themes(scorer, explanation, covariates, features, patient, texts),
            panel,
            guidance,
            describe_percentile(patient, derived, texts),
            growth.first_screen,
            calcium.part,
        )
        return Assessment(
            horizon,
            risks,
            self._curve(features, margins, risks),
            write_plain_text(summary, texts.plain.for_model(scorer.dictionary)).paragraphs,
            explanation.base_risk,
            steps,
            step_writer.write_other(scorer.explainer, explanation),
            self._waterfall(steps, explanation),
            overview,
            guidance,
            tuple(compute_references(inputs, scorer.dictionary, texts)),
            calcium,
            self._vessels(calcium),
            judge_quality(covariates, known_features, scorer, writer, summary.outside),
            panel,
            growth,
        )

    def _risks(self, features: pd.DataFrame, margins: FloatArray) -> tuple[RiskAt, ...]:
        link, years = self.scorer.predictor.link, self.horizons
        risks = link.risk(margins, years)[0]
        intervals: list[tuple[float, float] | None] = [None] * len(years)
        if self.scorer.interval is not None:
            limits = self.scorer.interval.interval(features, years, margins=margins)[0]
            intervals = [(float(low), float(high)) for low, high in limits]
        others: list[float | None] = [None] * len(years)
        if isinstance(link, CompetingRisksLink) and link.n_causes > 1:
            others = [float(r) for r in link.cumulative_incidence(margins, years)[0, :, 1]]
        return tuple(
            RiskAt(year, float(risk), interval, other)
            for year, risk, interval, other in zip(years, risks, intervals, others, strict=True)
        )

    def _curve(
        self, features: pd.DataFrame, margins: FloatArray, risks: Sequence[RiskAt]
    ) -> Markup | None:
        link, end = self.scorer.predictor.link, self.horizons[-1]
        if not isinstance(link, CompetingRisksLink):
            return None
        years = np.linspace(0, end, _MOMENTS + 1)
        incidence = 100 * link.cumulative_incidence(margins, list(years[1:]))[0]
        curves = np.vstack([np.zeros(incidence.shape[1]), incidence])
        competing = curves[:, 1] if link.n_causes > 1 else np.array([])
        low = high = np.array([])
        if self.scorer.interval is not None:
            moments = np.linspace(0, end, _INTERVAL_MOMENTS + 1)
            found = self.scorer.interval.interval(features, list(moments[1:]), margins=margins)[0]
            limits = 100 * np.vstack([[0, 0], found])
            low, high = (np.interp(years, moments, limits[:, side]) for side in (0, 1))
        words = CurveWords(
            self.texts("curve.title"),
            " ".join(
                self.texts(
                    "curve.point",
                    years=self.texts.write.general(r.years),
                    percent=self.texts.write.percent(r.risk),
                )
                for r in risks
            ),
            self.texts("curve.death" if self.effects.on_any_death else "curve.event"),
            *(self.texts(f"curve.{name}") for name in ("competing", "interval", "years")),
        )
        drawn = (years, curves[:, 0], competing, low, high)
        curve = Curve(*(values.tolist() for values in drawn))
        return for_both_widths(
            lambda narrow: draw_risk_curve(curve, words, narrow, self.texts.write)
        )

    def _waterfall(self, steps: Sequence[Step], explanation: Explanation) -> Markup:
        texts, write = self.texts, self.texts.write
        base, risk = explanation.base_risk, float(explanation.risk[0])
        years = write.general(explanation.horizon)
        ends = texts("waterfall.base"), texts("waterfall.risk", years=years)
        title = texts("waterfall.title")
        description = texts(
            "waterfall.description", base=write.percent(base), risk=write.percent(risk)
        )
        return for_both_widths(
            lambda narrow: draw_waterfall(
                steps, 100 * base, title, description, ends, narrow, write
            )
        )

    def _vessels(self, calcium: CalciumPanel) -> Markup | None:
        if not any(score for _, score in calcium.vessels):
            return None
        title, write = self.texts("calcium.vessels.title"), self.texts.write
        words = "; ".join(f"{name} {write.count(score)}" for name, score in calcium.vessels)
        return for_both_widths(
            lambda narrow: draw_sizes("vessels", calcium.vessels, title, words, narrow, write)
        )
