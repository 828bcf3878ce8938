"""A job that forecasts: the task, its account and its summary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from features.cohort_map.cohort_map import CohortMap
from features.intake.lesions.lesion_join import PatientLesions
from features.intake.sources.source import Source
from models.progression.forecaster import Forecaster
from models.progression.two_scans.change import SENTENCES
from pipeline.scoring.account.counts import (
    SMALLEST_DESCRIBED,
    Account,
    count_values,
    hide_small,
)
from pipeline.scoring.account.job_summary import JobSummary
from pipeline.scoring.batch import BatchRules
from pipeline.scoring.forecasts.forecast_request import ForecastRequest
from pipeline.scoring.forecasts.forecast_rules import ForecastRules
from pipeline.scoring.job import Kind, run_job
from pipeline.scoring.job_setup import Job
from pipeline.settings.paths import Paths


class Forecasts:
    """The task of `calcirisk forecast`."""

    def open_model(self, folder: Path) -> Forecaster:
        """Read the model. Raises ModelError."""
        return Forecaster.load(folder)

    def make_rules(
        self,
        model: Forecaster,
        cohort_map: CohortMap,
        request: ForecastRequest,
        source: Source,
        lesions: PatientLesions | None,
    ) -> ForecastRules:
        """The rules for a source; see `ForecastRules.make`."""
        return ForecastRules.make(model, cohort_map, request, source, lesions)


@dataclass(kw_only=True)
class ForecastAccount(Account):
    """Counts over patients forecast. ``expected``: the column of the last expected score."""

    expected: str
    n_unknown: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def under(cls, rules: BatchRules) -> ForecastAccount:
        """Nothing counted yet of a job with these rules, which forecast."""
        return cls(expected=rules.counted[0])

    def add(self, scored: pa.Table) -> None:
        """Count the patients of one batch."""
        super().add(scored)
        empty = scored[self.expected].to_numpy(zero_copy_only=False)
        self.n_unknown += int((empty != empty).sum())
        if "change_verdict" in scored.column_names:
            self.verdicts.update(count_values(scored["change_verdict"]))

    def describe(self) -> list[str]:
        """How often each verdict was given, where there are enough patients."""
        if self.n_scored < SMALLEST_DESCRIBED:
            return []
        shown = [f"{name} {count}" for name, count in hide_small(self.verdicts, SENTENCES).items()]
        return [f"change since the earlier scan: {', '.join(shown)}"] if shown else []


@dataclass(frozen=True)
class ForecastSummary(JobSummary):
    """What became of a source; ``n_unknown``: patients without a score now."""

    n_unknown: int

    @classmethod
    def of(cls, job: Job, account: ForecastAccount, seconds: float) -> ForecastSummary:
        """The summary of a finished job."""
        return cls(**cls.figures(job, account, seconds), n_unknown=account.n_unknown)

    @property
    def opening(self) -> list[str]:
        """What was forecast, and of whom it could not be."""
        lines = [
            f"{self.n_scored:,} of {self.n_rows:,} patients forecast by {self.model}: {self.out}"
        ]
        if self.n_unknown:
            lines.append(f"{self.n_unknown:,} have no score now: their forecast is empty")
        return lines


FORECASTING = Kind(
    Forecasts(), ForecastAccount.under, ForecastSummary.of, ForecastSummary.from_dict
)


def forecast_file(
    request: ForecastRequest, paths: Paths, source: Source | None = None
) -> ForecastSummary:
    """Forecast every row of the source; see `pipeline.scoring.job.run_job`."""
    return run_job(request, paths, FORECASTING, source)
