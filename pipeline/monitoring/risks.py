"""A risk model that is watched: risks, and observed over expected events where time has passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.array_types import FloatArray
from features.cohort import Cohort
from features.dictionary.dictionary import Dictionary
from models.drift.matured import measure_matured
from models.drift.profile import Predicted
from models.risk.outputs import name_risks
from models.scorer import Scorer
from models.storage.model_folder import About
from pipeline.monitoring.watched import Judged, JudgedBy


@dataclass(frozen=True)
class WatchedRisks:
    """See `pipeline.monitoring.watched.Watched`."""

    scorer: Scorer

    @classmethod
    def open(cls, folder: Path) -> WatchedRisks:
        """Read the model. Raises ModelError."""
        return cls(Scorer.load(folder))

    @property
    def about(self) -> About:
        """The model's own description."""
        return self.scorer.about

    @property
    def dictionary(self) -> Dictionary:
        """The data dictionary it was trained with."""
        return self.scorer.dictionary

    @property
    def judged_by(self) -> JudgedBy:
        """What predictions are held against."""
        return "endpoint"

    def predict(self, covariates: pd.DataFrame) -> dict[str, Predicted]:
        """Risks by horizon."""
        horizons = self.about.horizons
        return name_risks(horizons, self._risks(covariates, horizons))

    def judge(self, followed: Cohort | None) -> Judged:
        """Calibration in the large by the horizons that have matured."""
        if followed is None or followed.endpoint is None:
            return [], ["Outcomes: none that can be used, so calibration is not judged"]
        endpoint = followed.endpoint.from_entry()
        if said := self.about.find_other_event(endpoint.any_death):
            return [], [f"Outcomes: {said}, so calibration is not judged"]
        if endpoint.survey or endpoint.is_delayed:
            said = "of a survey, or with delayed entry, calibration is not judged here"
            return [], [f"Outcomes: {said}"]
        covariates = followed.covariates

        def predict(horizons: Sequence[float]) -> FloatArray:
            return self._risks(covariates, horizons)

        matured = measure_matured(endpoint, predict, self.about.horizons)
        notes = [
            f"Outcomes by {one.horizon:g} years: {one.to_shift().told}, {one.n_patients} patients"
            for one in matured
        ] or ["Outcomes: too early, or too few events expected, to judge the calibration"]
        return [one.to_shift() for one in matured], notes

    def _risks(self, covariates: pd.DataFrame, horizons: Sequence[float]) -> FloatArray:
        scored = self.scorer.score(covariates, horizons, n_reasons=0)
        return scored[[f"risk_{horizon:g}y" for horizon in horizons]].to_numpy()
