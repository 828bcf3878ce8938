"""Forecasts one batch of raw rows: pure, no file, no state; wherever the rows come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from features.array_types import BoolArray
from features.cohort_map.cohort_map import CohortMap
from features.derivation.calcium import agatston
from features.derivation.columns import Columns
from features.errors import HorizonError
from features.intake.lesions.lesion_join import PatientLesions
from features.intake.rows import RowRules
from features.intake.sources.source import Source
from models.progression.forecaster import WORTH_COMPILING, Forecaster
from models.progression.two_scans.change import VANISHED
from models.storage.model_folder import About
from pipeline.scoring.batch import BatchRules, add_reasons, refuse_absent
from pipeline.scoring.columns import MISSING
from pipeline.scoring.forecasts.forecast_request import ForecastRequest, describe_forecast


@dataclass(frozen=True)
class ForecastRules(BatchRules):
    """How later scores are worked out."""

    forecaster: Forecaster
    request: ForecastRequest
    years: tuple[float, ...]

    @classmethod
    def make(
        cls,
        forecaster: Forecaster,
        cohort_map: CohortMap,
        request: ForecastRequest,
        source: Source,
        lesions: PatientLesions | None,
    ) -> ForecastRules:
        """Rules for a source. Raises HorizonError, MapError, CohortError, ConfigError."""
        years = forecaster.about.horizons if request.horizons is None else request.horizons
        if not years:
            raise HorizonError("Give at least one number of years")
        forecaster.predictor.refuse_years(years)
        forecaster.predictor.refuse_thresholds(request.thresholds)
        refuse_absent(request.keep, source.columns)
        rules = RowRules.for_columns(
            source.columns, cohort_map, forecaster.dictionary, source.decimal, lesions, source.name
        )
        return cls(rules, forecaster, request, tuple(years))

    @property
    def about(self) -> About:
        """The model's own description."""
        return self.forecaster.about

    @property
    def keep(self) -> tuple[str, ...]:
        """The columns of the source that are carried through."""
        return self.request.keep

    @cached_property
    def told(self) -> Mapping[str, dict[str, Any]]:
        """See `describe_forecast`."""
        return describe_forecast(self.request, self.years, self.has_earlier_scans)

    @property
    def named(self) -> Collection[str]:
        """The columns that the output has, or may have, but for what is carried through."""
        return describe_forecast(replace(self.request, keep=()), self.years, True)

    @property
    def counted(self) -> tuple[str, ...]:
        """The columns of the output that the tally counts."""
        wanted = (f"cac_{self.years[-1]:g}y", "change_verdict", VANISHED)
        return tuple(name for name in wanted if name in self.told)

    def quicken(self, n_rows: float) -> ForecastRules:
        """The rules with compiled loops, where there are rows enough to repay loading them."""
        if n_rows < WORTH_COMPILING:
            return self
        try:
            from models.progression.compiled_progression import compile_forecaster
        except ImportError:
            return self
        return replace(self, forecaster=compile_forecaster(self.forecaster))

    def set_threads(self, n_threads: int) -> None:
        """Have the trees of the model take so many threads."""
        for margin in (self.forecaster.predictor.growth, self.forecaster.predictor.onset):
            margin.set_threads(n_threads)

    def fill(self, columns: Columns) -> pd.DataFrame:
        """Forecasts and reasons; where the source tells of earlier scans, the change since."""
        request = self.request
        table, reasons = self.forecaster.forecast_checked(
            columns, self.years, request.thresholds, request.n_reasons
        )
        return add_reasons(table, reasons, request.points).assign(**{MISSING: ""})

    def find_untold(self, scored: pd.DataFrame, columns: Columns) -> BoolArray:
        """Rows (n,) with a score now and without a forecast, or with one that is none."""
        told = describe_forecast(replace(self.request, keep=(), n_reasons=0), self.years, False)
        forecast = scored[[name for name, about in told.items() if about["type"] == "double"]]
        most = np.where(forecast.columns.str.startswith("above_"), 1.0, np.finfo(float).max)
        possible = ((forecast >= 0) & (forecast <= most)).all(axis=1)
        return np.asarray(~possible & ~np.isnan(columns.derived(agatston)))
