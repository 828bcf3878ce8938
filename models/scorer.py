"""Scores patients with a trained model: the one way in, for command line, stage and served model.

Imports, through everything it reaches, nothing beyond numpy, pandas, xgboost and pyyaml.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.array_types import BoolArray, FloatArray
from features.derivation.catalogue import CATALOGUE, catalogue_of, derive_features
from features.derivation.columns import Columns
from features.derivation.filling import FILLS
from features.dictionary.variable import Needed
from features.errors import HorizonError, ModelError
from features.intake.frame import Unknown
from models.average_risks import AverageRisks
from models.calcium_reading import read_features
from models.explanation.explainer import Explainer
from models.explanation.explanation import Explanation, RankedReason, rank_reasons
from models.explanation.population import read_weights
from models.input_ranges import InputRanges
from models.risk.predictor import CLOCK, RiskPredictor
from models.storage.formats import reading
from models.storage.model_dictionary import read_dictionary
from models.storage.model_folder import (
    AVERAGES,
    EXPLAINER,
    PREDICTOR,
    RANGES,
    UNCERTAINTY,
    WEIGHTS,
    verify_model_folder,
)
from models.trained_model import TrainedModel
from models.uncertainty.certain_reasons import find_certain_reasons
from models.uncertainty.risk_interval import RiskInterval

# Matrix products may differ in their last bits with the number of threads; limits need no more.
_DECIMALS = 6


@dataclass(frozen=True)
class Scorer(TrainedModel[RiskPredictor]):
    """A trained model with its dictionary, ranges and explainer, ready for covariates.

    ``weights``: variable -> how much it typically moves a risk, as a share of the risk.
    ``averages``: mean risks by age and sex, None of models trained before these were kept.
    """

    explainer: Explainer | None = field(repr=False)
    interval: RiskInterval | None = field(default=None, repr=False)
    weights: Mapping[str, float] = field(default_factory=dict, repr=False)
    averages: AverageRisks | None = field(default=None, repr=False)

    @classmethod
    def load(cls, model_folder: Path) -> Scorer:
        """Read a model folder. Raises ModelError where it is none, is damaged or is too new.

        The folder may be a stranger's: nothing in it is run, and what was not checked is not used.
        """
        with reading(model_folder):
            scorer = cls._read(model_folder)
            scorer._try()
        return scorer

    def _try(self) -> None:
        """Score patients of whom nothing, and of whom everything is known, before anybody's.

        Raises ModelError where a risk is none, and whatever parts that do not fit together raise.
        """
        names, years = list(self.predictor.feature_names), self.about.horizons
        for cause in self.predictor.causes:
            named = None if cause.boosted is None else cause.boosted.booster.feature_names
            if named is not None and named != names:
                raise ModelError("The trees of the model are of other features than it names")
        features = self.predictor.extremes()
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            found = np.array(list(self._risks(features, years).values()), np.float64)
            if not ((found >= 0) & (found <= 1)).all():
                raise ModelError("The model gives a risk that is none. Fetch or train it again")
            if self.explainer is not None:
                self.find_certain(features, self.explainer.explain(features, years[-1]))
        unknown = {*self.ranges.names, *self.ranges.important, *self.weights} - {*self.dictionary}
        if unknown:
            raise ModelError(f"The model speaks of {len(unknown)} variables that it does not know")

    @classmethod
    def _read(cls, model_folder: Path) -> Scorer:
        about = verify_model_folder(model_folder)
        predictor = RiskPredictor.load(model_folder / PREDICTOR)
        dictionary = read_dictionary(model_folder, about, predictor.feature_names)
        if (ages := predictor.known_ages(about.horizons[-1])) is not None:
            why = "the model knows the hazards of no other ages"
            dictionary = dictionary.needing(CLOCK, Needed(*ages, why))
        explainer, interval = model_folder / EXPLAINER, model_folder / UNCERTAINTY
        weights, averages = model_folder / WEIGHTS, model_folder / AVERAGES
        return cls(
            about,
            predictor,
            dictionary,
            InputRanges.load(model_folder / RANGES),
            Explainer.load(explainer, predictor) if explainer.is_dir() else None,
            RiskInterval.load(interval, predictor) if interval.is_dir() else None,
            read_weights(weights) if weights.is_file() else {},
            AverageRisks.load(averages, about.horizons) if averages.is_file() else None,
        )

    def score(
        self,
        covariates: pd.DataFrame,
        horizons: Sequence[float] | None = None,
        n_reasons: int = 3,
        unknown: Unknown = "refuse",
    ) -> pd.DataFrame:
        """Risk, reasons and flags by patient; one row per row of ``covariates``, same index.

        ``risk_5y``, ``risk_10y``, ...: risk as a fraction, at the horizons (years) trained for or
        at any inside the follow-up; where the model keeps intervals, ``risk_5y_low`` and
        ``risk_5y_high``: the 90 % interval for the true risk. ``reason_1``, ...: label and
        contribution in percentage points to the risk at the last horizon, largest first of those
        whose sign is known (`find_certain_reasons`), "" where none is left; a yes, no or category
        stands beside its label, and so does "not recorded".
        ``missing_inputs``: how many important inputs are missing. ``outside_training``: labels of
        inputs beyond the 0.5 and 99.5 % quantiles of the training cohort, "; " between them.

        Raises CohortError naming columns and rows that break the dictionary, HorizonError;
        ModelError where a risk comes out as none.
        """
        years = self.about.horizons if horizons is None else tuple(float(h) for h in horizons)
        if not years:
            raise HorizonError("Give at least one horizon in years")
        self.refuse_horizons(years)
        if not 0 <= n_reasons <= len(self.dictionary):
            most = len(self.dictionary)
            raise ModelError(f"The number of reasons lies between 0 and {most}, all variables")
        columns = self._read_patients(covariates, unknown)
        table, reasons = self.score_checked(columns, years, n_reasons)
        if lost := int(find_impossible(table, years).sum()):
            raise ModelError(
                f"What the model gave for {lost} of {len(table)} sound rows is no risk: a fault of "
                "model, program or machine. Score them again; if it comes again, report it"
            )
        table = table.set_axis(covariates.index)
        for rank, reason in enumerate(reasons, start=1):
            table[f"reason_{rank}"] = reason.tell()
        flags = ["missing_inputs", "outside_training"]
        return table[[*table.columns.drop(flags), *flags]]

    def score_checked(
        self, values: pd.DataFrame | Columns, years: Sequence[float], n_reasons: int
    ) -> tuple[pd.DataFrame, list[RankedReason]]:
        """What `score` gives but for the reasons, and these; for covariates that were checked."""
        columns = Columns.of(values, self.dictionary)
        covariates = columns.covariates
        # reasons look at features that no model learns from as well
        wanted = None if n_reasons else self._risk_features
        fit = self.for_columns(covariates.columns)
        features = fit.derive(columns, wanted)
        table = pd.DataFrame(fit._risks(features, years), index=covariates.index, dtype=float)
        table["missing_inputs"] = self.ranges.count_missing(columns)
        table["outside_training"] = self.ranges.name_outside(columns, self.labels)
        return table, fit._reasons(covariates, features, years[-1], n_reasons)

    def refuse_horizons(self, years: Sequence[float]) -> None:
        """Raise HorizonError where a risk by one of these years (above 0) cannot be told."""
        self.predictor.refuse_horizons(years)
        longest = self.about.horizons[-1]
        if self.predictor.clock is not None and max(years) > longest:
            raise HorizonError(
                f"The hazards of this model are those of ages, and patients are read for risks by "
                f"{longest:g} years at most; asked for {max(years):g}. Train for longer horizons, "
                "or ask for a lifetime risk in Python (docs/surveys.md)"
            )

    def margins_of(self, covariates: pd.DataFrame | Columns) -> FloatArray:
        """Margins (n, k) of each cause, from canonical covariates that were checked."""
        columns = Columns.of(covariates, self.dictionary)
        fit = self.for_columns(columns.covariates.columns)
        return fit.predictor.margin(fit.derive(columns, frozenset(fit.predictor.feature_names)))

    def derive(self, columns: Columns, wanted: Collection[str] | None = None) -> pd.DataFrame:
        """The features (n, p) that risks are told from, all or those ``wanted``."""
        known = Columns.of(columns, self.dictionary)
        features = derive_features(known, self.dictionary, wanted)
        return read_features(self.predictor, known, features)

    @property
    def _risk_features(self) -> frozenset[str]:
        """The features that risks and their intervals are made of."""
        unrecorded = self.interval.unrecorded if self.interval is not None else ()
        return frozenset((*self.predictor.feature_names, *unrecorded))

    def _without(self, absent: Sequence[str]) -> Scorer:
        predictor, explainer, interval = (
            self.predictor.without(absent),
            self.explainer,
            self.interval,
        )
        if explainer is not None:
            explainer = replace(explainer, predictor=predictor)
        if interval is not None:
            interval = replace(interval, predictor=predictor)
        return replace(self, predictor=predictor, explainer=explainer, interval=interval)

    def _risks(self, features: pd.DataFrame, years: Sequence[float]) -> dict[str, FloatArray]:
        margins = self.predictor.margin(features)
        risks = self.predictor.link.risk(margins, years)
        scored = {}
        if self.interval is not None:
            limits = self.interval.interval(features, years, margins=margins).round(_DECIMALS)
        for position, horizon in enumerate(years):
            name = f"risk_{horizon:g}y"
            scored[name] = risks[:, position]
            if self.interval is not None:
                scored[f"{name}_low"] = limits[:, position, 0]
                scored[f"{name}_high"] = limits[:, position, 1]
        return scored

    def find_unlearnt(self, present: Iterable[str]) -> tuple[str, ...]:
        """Variables among these that no risk depends on, in the dictionary's order.

        Such as those that no patient of the training cohort had.
        """
        completion, names = self.predictor.completion, self.predictor.feature_names
        learnt = {names[position] for position in completion.used} | {self.predictor.clock}
        inputs = {
            name
            for feature in catalogue_of(self.dictionary)
            if feature.name in learnt
            for name in feature.inputs
        }
        given = set(present)
        useful = inputs | {detail for detail, fills in FILLS.items() if inputs & set(fills)}
        return tuple(name for name in self.dictionary if name in given - useful)

    def find_certain(self, features: pd.DataFrame, explanation: Explanation) -> BoolArray | None:
        """Variables (n, v) of which the model knows whether they raise or lower each risk.

        None where it keeps no intervals.
        """
        if self.interval is None or self.explainer is None:
            return None
        return find_certain_reasons(self.interval, self.explainer, features, explanation)

    def _reasons(
        self, covariates: pd.DataFrame, features: pd.DataFrame, horizon: float, n_reasons: int
    ) -> list[RankedReason]:
        if n_reasons == 0:
            return []
        if self.explainer is None:
            raise ModelError("This model was kept without its explainer: ask for 0 reasons")
        explanation = self.explainer.explain(features, horizon)
        by_variable = explanation.by_variable(CATALOGUE)
        certain = self.find_certain(features, explanation)
        return rank_reasons(by_variable, covariates, features, self.dictionary, n_reasons, certain)


def find_impossible(scored: pd.DataFrame, years: Sequence[float]) -> BoolArray:
    """Rows (n,) where a risk by one of these years, or a limit of it, is not within 0 and 1."""
    named = (f"risk_{year:g}y{limit}" for year in years for limit in ("", "_low", "_high"))
    risks = scored[[name for name in named if name in scored]].to_numpy(np.float64)
    return np.asarray(~((risks >= 0) & (risks <= 1)).all(axis=1))
