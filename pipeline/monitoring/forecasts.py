"""A progression model that is watched: forecasts, and the scans that came later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.cohort import Cohort
from features.dictionary.dictionary import Dictionary
from models.drift.profile import Predicted
from models.progression.agreement import FEWEST, judge_agreement
from models.progression.forecaster import Forecaster
from models.progression.outputs import name_outputs
from models.progression.two_scans.tabulation import made_alike
from models.storage.model_folder import About
from pipeline.monitoring.watched import Judged, JudgedBy


@dataclass(frozen=True)
class WatchedForecasts:
    """See `pipeline.monitoring.watched.Watched`."""

    forecaster: Forecaster

    @classmethod
    def open(cls, folder: Path) -> WatchedForecasts:
        """Read the model. Raises ModelError."""
        return cls(Forecaster.load(folder))

    @property
    def about(self) -> About:
        """The model's own description."""
        return self.forecaster.about

    @property
    def dictionary(self) -> Dictionary:
        """The data dictionary it was trained with."""
        return self.forecaster.dictionary

    @property
    def judged_by(self) -> JudgedBy:
        """What predictions are held against."""
        return "later_scans"

    def predict(self, covariates: pd.DataFrame) -> dict[str, Predicted]:
        """Expected scores and the chance of calcium, by years ahead."""
        fit, patients = self.forecaster.see_patients(covariates)
        return name_outputs(fit.predictor, patients, self.about.horizons)

    def judge(self, followed: Cohort | None) -> Judged:
        """Where later scores lie in their forecasts; the last scan of each patient that reaches."""
        scans = None if followed is None else followed.later_scans
        if followed is None or scans is None or scans.empty:
            return [], [
                "Later scans: none that can be used, so that forecasts are not judged by any"
            ]
        longest = self.forecaster.predictor.longest
        within = scans[(scans["years"] > 0) & (scans["years"] <= longest)]
        last = within.groupby(level=0, sort=False).tail(1)
        fit, everyone = self.forecaster.see_patients(followed.covariates)
        place = followed.covariates.index.get_indexer(last.index)
        known = ~np.isnan(everyone.first[place])
        last, patients = last[known], everyone.take(place[known])
        notes = []
        if len(within) < len(scans):
            beyond = f"{len(scans) - len(within):,} lie beyond the {longest:g} years of the model"
            notes.append(f"Later scans: {beyond}, and are left aside")
        if len(last) < FEWEST:
            few = f"{len(last)} patients have one, and a score at first; {FEWEST} are needed"
            return [], [*notes, f"Later scans: {few} to judge forecasts"]
        if n_unlike := int((~made_alike(last)).sum()):
            told = f"{n_unlike:,} of {len(last):,} were made otherwise than the first scan"
            notes.append(
                f"Later scans: {told} (scanner, slices or voltage), which alone shifts scores"
            )
        seen, years = (last[name].to_numpy(np.float64) for name in ("cac_agatston", "years"))
        judged = judge_agreement(fit.predictor, patients, seen, years)
        return list(judged), [*notes, *(f"Later scans: {one.name}: {one.told}" for one in judged)]
