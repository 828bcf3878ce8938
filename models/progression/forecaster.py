"""Forecasts later scores with a trained model: the one way in, for commands, stages and serving.

Imports, through everything it reaches, nothing beyond numpy, pandas, xgboost and pyyaml.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.derivation.calcium import agatston
from features.derivation.catalogue import derive_features
from features.derivation.characteristics import bmi
from features.derivation.columns import Columns
from features.errors import ModelError
from features.intake.frame import Unknown
from models.explanation.explanation import RankedReason, rank_reasons
from models.input_ranges import InputRanges
from models.margins import find_certain
from models.progression.contributions import GrowthExplainer
from models.progression.law.growth_law import Patients
from models.progression.predictor import QUANTILES, ProgressionPredictor
from models.progression.two_scans.change import (
    covariates_then,
    judge_by_model,
    judge_change_alone,
)
from models.storage.formats import reading
from models.storage.model_dictionary import read_dictionary
from models.storage.model_folder import EXPLAINER, RANGES, verify_model_folder
from models.trained_model import TrainedModel

PREDICTOR = "progression"
YEARS, THRESHOLDS = (2.5, 5.0, 10.0), (10.0, 100.0, 300.0, 400.0, 1000.0)
WORTH_COMPILING = 2_000  # patients that repay loading the compiled loops
_DECIMALS = 6


@dataclass(frozen=True)
class Forecaster(TrainedModel[ProgressionPredictor]):
    """A trained progression model with its dictionary and ranges, ready for covariates."""

    explainer: GrowthExplainer = field(repr=False)

    @classmethod
    def load(cls, folder: Path) -> Forecaster:
        """Read a model folder. Raises ModelError where it is none, is damaged or is too new.

        The folder may be a stranger's: as `models.scorer.Scorer.load` has it.
        """
        with reading(folder):
            forecaster = cls._read(folder)
            forecaster._try()
        return forecaster

    def _try(self) -> None:
        """Forecast patients of whom nothing, and of whom everything is known, before anybody's.

        Raises ModelError where a forecast is none, and whatever parts that do not fit raise.
        """
        firsts = (np.nan, 0.0, 1.0, 3000.0)
        features = pd.concat([self.predictor.extremes()] * len(firsts), ignore_index=True)
        first = np.repeat(firsts, len(features) // len(firsts))
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            patients = self.predictor.patients(features, first, np.full(len(first), np.nan))
            found = self.predictor.distribution(patients, THRESHOLDS, self.about.horizons)
            passed, scores, mean = (one[~np.isnan(first)] for one in found)
            if not ((passed >= 0) & (passed <= 1)).all() or not min(scores.min(), mean.min()) >= 0:
                raise ModelError("The model gives a forecast that is none. Fetch or train it again")
            self.explainer.explain(features, patients, self.about.horizons[-1])

    @classmethod
    def _read(cls, folder: Path) -> Forecaster:
        about = verify_model_folder(folder)
        predictor = ProgressionPredictor.load(folder / PREDICTOR)
        dictionary = read_dictionary(folder, about, predictor.feature_names)
        explainer = GrowthExplainer.load(folder / EXPLAINER, predictor)
        return cls(about, predictor, dictionary, InputRanges.load(folder / RANGES), explainer)

    def forecast(
        self,
        covariates: pd.DataFrame,
        years: Sequence[float] | None = None,
        thresholds: Sequence[float] = THRESHOLDS,
        unknown: Unknown = "refuse",
        n_reasons: int = 0,
    ) -> pd.DataFrame:
        """Later scores by patient; one row per row of ``covariates``, same index.

        For each of the years: ``cac_5y`` the expected score, ``cac_5y_q05`` to ``_q95`` the ends of
        the 90, 80 and 50 % intervals and the median, ``above_0_5y``, ``above_100_5y``, ... the
        chance that a scan shows more. With an earlier scan, what `judge_change_alone` says of the
        change, and ``growth_model``, what `judge_pace` says. ``reason_1``, ...: label and
        contribution in AU to the expected score after the last of the years, largest first of those
        whose 90 % interval does not hold 0. Empty where the score now is not known.
        Raises CohortError, HorizonError.
        """
        columns = self._read_patients(covariates, unknown)
        after = years or self.about.horizons
        table, reasons = self.forecast_checked(columns, after, thresholds, n_reasons)
        table = table.set_axis(covariates.index)
        return table.assign(
            **{f"reason_{rank}": one.tell() for rank, one in enumerate(reasons, start=1)}
        )

    def forecast_checked(
        self,
        values: pd.DataFrame | Columns,
        years: Sequence[float],
        thresholds: Sequence[float],
        n_reasons: int = 0,
    ) -> tuple[pd.DataFrame, list[RankedReason]]:
        """What `forecast` gives but for the reasons, and these; for checked covariates."""
        columns = Columns.of(values, self.dictionary)
        # reasons look at features that no model learns from as well
        wanted = None if n_reasons else self.predictor.feature_names
        fit, features, patients = self._see(columns, wanted)
        passing = tuple(dict.fromkeys((0.0, *thresholds)))
        passed, scores, mean = fit.predictor.distribution(patients, passing, years)
        table: dict[str, npt.NDArray[np.float64] | npt.NDArray[np.object_]] = {}
        for position, after in enumerate(years):
            table[f"cac_{after:g}y"] = mean[:, position].round(2)
            for column, share in enumerate(QUANTILES):
                name = f"cac_{after:g}y_q{round(100 * share):02d}"
                table[name] = scores[:, position, column].round(2)
            for column, threshold in enumerate(passing):
                name = f"above_{threshold:g}_{after:g}y"
                table[name] = passed[:, position, column].round(_DECIMALS)
        table |= {**judge_change_alone(columns), "growth_model": fit.judge_pace(columns)}
        forecast = pd.DataFrame(table, index=columns.covariates.index)
        return forecast, fit._reasons(columns, features, patients, years[-1], n_reasons)

    def judge_pace(self, columns: Columns) -> npt.NDArray[np.object_]:
        """Slow, expected or rapid (n,) since the earlier scan, as `judge_by_model` has it.

        "" where there is none, or the scans are not comparable.
        """
        found = np.full(len(columns), "", dtype=object)
        rows = np.flatnonzero(~np.isnan(columns["prior_cac_agatston"]))
        if len(rows):
            twice = Columns(columns.covariates.iloc[rows], columns.dictionary)
            then = Columns(covariates_then(twice), columns.dictionary)
            fit, features, _ = self._see(then, self.predictor.feature_names)
            found[rows] = judge_by_model(twice, fit.predictor, features)
        return found

    def see_patients(self, values: pd.DataFrame | Columns) -> tuple[Self, Patients]:
        """Checked covariates as the law sees them, and the model for a table of such columns."""
        columns = Columns.of(values, self.dictionary)
        fit, _, patients = self._see(columns, self.predictor.feature_names)
        return fit, patients

    def _see(
        self, columns: Columns, wanted: Collection[str] | None
    ) -> tuple[Self, pd.DataFrame, Patients]:
        features = derive_features(columns, self.dictionary, wanted)
        fit = self.for_columns(columns.covariates.columns)
        first = columns.derived(agatston)
        return fit, features, fit.predictor.patients(features, first, columns.derived(bmi))

    def _without(self, absent: Sequence[str]) -> Self:
        predictor = self.predictor.without(absent)
        explainer = replace(self.explainer, predictor=predictor)
        return replace(self, predictor=predictor, explainer=explainer)

    def _reasons(
        self,
        columns: Columns,
        features: pd.DataFrame,
        patients: Patients,
        years: float,
        n_reasons: int,
    ) -> list[RankedReason]:
        if n_reasons == 0:
            return []
        told = self.explainer.explain(features, patients, years)
        # ranked as risks are, which are fractions: a hundredth of what is told
        values = told.values.fillna(0.0) / 100
        certain = find_certain(values, told.spread.fillna(0.0) / 100)
        return rank_reasons(
            values, columns.covariates, features, self.dictionary, n_reasons, certain
        )
