"""What a fitted progression model is when it predicts: numbers and trees, no training code."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.errors import ConfigError, HorizonError
from models.learners.completion import Completion
from models.margins import (
    CauseModel,
    FeaturePredictor,
    cause_from_dict,
    cause_to_dict,
    read_predictor,
    write_predictor,
)
from models.progression.law.growth_law import GrowthLaw, Patients
from models.progression.law.law_reading import distribution
from models.storage.formats import reading

FORMAT = 2
# Chances, quantiles and means of the law: `law_reading`, or the compiled loop.
Reader = Callable[
    [GrowthLaw, Patients, Sequence[float], Sequence[float], Sequence[float]],
    tuple[FloatArray, FloatArray, FloatArray],
]
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
_FILE = "progression.json"


@dataclass(frozen=True)
class ProgressionPredictor(FeaturePredictor):
    """A fitted progression model over named features.

    ``growth``, ``onset``: margins of the growth law. ``begun_shift`` is added to the first for
    patients without calcium. ``longest``: years that later scans reach. ``read``: the reader of
    the law, a compiled one for large batches.
    """

    growth: CauseModel
    onset: CauseModel
    law: GrowthLaw
    begun_shift: float
    longest: float
    read: Reader = field(default=distribution, repr=False)

    def margin(self, name: str) -> CauseModel:
        """The margin "growth" or "onset"."""
        return {"growth": self.growth, "onset": self.onset}[name]

    def without(self, absent: Collection[str]) -> Self:
        """The predictor for a file that lacks all that these features are made of.

        There a gap tells nothing of the patient who has it.
        """
        positions = self.positions_of(absent)
        growth, onset = self.growth.without(positions), self.onset.without(positions)
        return replace(self, growth=growth, onset=onset)

    def margins(self, X: pd.DataFrame) -> FloatArray:
        """(n, 2): ln of the mean yearly growth, ln of the hazard of first calcium."""
        seen = self.see(X)
        return np.stack([self.growth.margin(seen), self.onset.margin(seen)], axis=1)

    def patients(self, X: pd.DataFrame, first: FloatArray, bmi: FloatArray) -> Patients:
        """The patients as the law sees them; ``first``: Agatston score now, ``bmi`` in kg/m2.

        Where the first score is missing there is no distribution: NaN, never a zero.
        """
        margins = self.margins(X)
        margins[:, 0] += np.where(np.asarray(first) == 0, self.begun_shift, 0.0)
        return Patients(np.asarray(first, np.float64), margins[:, 0], margins[:, 1],
                        np.asarray(bmi, np.float64))  # fmt: skip

    def refuse_years(self, years: Sequence[float]) -> None:
        """Raises HorizonError where the cohort's later scans do not reach."""
        too_far = [year for year in years if not 0 < year <= self.longest]
        if too_far:
            raise HorizonError(
                f"{too_far[0]:g} years lie outside what later scans of the cohort show: above 0, "
                f"up to {self.longest:g}"
            )

    def refuse_thresholds(self, thresholds: Sequence[float]) -> None:
        """Raises ConfigError where one is no score that a scan can show more than."""
        wrong = [one for one in thresholds if not 0 <= one < np.inf]
        if wrong:
            raise ConfigError(
                f"A score to be passed must be a number of AU from 0 on, not {wrong[0]}"
            )

    def exceedance(
        self, patients: Patients, thresholds: Sequence[float], years: Sequence[float]
    ) -> FloatArray:
        """(n, y, t) probability that a scan after ``years`` shows more than each threshold."""
        return self._compute(patients, thresholds, years)[0]

    def quantiles(self, patients: Patients, years: Sequence[float]) -> FloatArray:
        """(n, y, q) scores below which `QUANTILES` of the scans after ``years`` would lie."""
        return self._compute(patients, (), years)[1]

    def mean(self, patients: Patients, years: Sequence[float]) -> FloatArray:
        """(n, y) expected score."""
        return self._compute(patients, (), years)[2]

    def distribution(
        self, patients: Patients, thresholds: Sequence[float], years: Sequence[float]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """`exceedance`, `quantiles` and `mean` at once. Raises HorizonError beyond the scans."""
        return self._compute(patients, thresholds, years)

    def _compute(
        self, patients: Patients, thresholds: Sequence[float], years: Sequence[float]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        self.refuse_years(years)
        self.refuse_thresholds(thresholds)
        found = self.read(self.law, patients, tuple(thresholds), tuple(years), QUANTILES)
        passed, scores, mean = found
        # exactly, none of them falls with time; as read they may by a rounding
        order = np.argsort(years)
        scores[:, order] = np.maximum.accumulate(scores[:, order], axis=1)
        return passed, scores, mean

    def save(self, folder: Path) -> None:
        """Write ``progression.json`` and a UBJSON file per booster; the same model, same bytes."""
        margins = (self.growth, self.onset)
        more = {
            "margins": [cause_to_dict(margin) for margin in margins],
            "law": self.law.to_dict(),
            "begun_shift": self.begun_shift,
            "longest": self.longest,
        }
        write_predictor(folder / _FILE, FORMAT, self, margins, more)

    @classmethod
    def load(cls, folder: Path) -> ProgressionPredictor:
        """Read back what `save` wrote. Raises ModelError where the folder holds no such model."""
        stored = read_predictor(folder / _FILE, FORMAT, "progression model")
        with reading(folder):
            names = tuple(stored["feature_names"])
            completion = Completion.from_dict(stored["completion"])
            growth, onset = (
                cause_from_dict(completion, names, margin, folder) for margin in stored["margins"]
            )
            law = GrowthLaw.from_dict(stored["law"])
            shift, longest = stored["begun_shift"], stored["longest"]
            return cls(names, completion, growth, onset, law, shift, longest)
