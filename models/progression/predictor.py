"""What a fitted progression model is when it predicts: numbers and trees, no training code."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.errors import HorizonError, ModelError
from models.learners.completion import Completed, Completion
from models.progression.law.growth_law import GrowthLaw, Patients
from models.progression.law.law_reading import distribution
from models.risk.predictor import CauseModel, cause_from_dict, cause_to_dict
from models.storage.formats import read_json, reading

FORMAT = 1
# Chances, quantiles and means of the law: `law_reading`, or the compiled loop.
Reader = Callable[
    [GrowthLaw, Patients, Sequence[float], Sequence[float], Sequence[float]],
    tuple[FloatArray, FloatArray, FloatArray],
]
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
_FILE = "progression.json"


@dataclass(frozen=True)
class ProgressionPredictor:
    """A fitted progression model over named features.

    ``growth``, ``onset``: margins of the growth law. ``begun_shift`` is added to the first for
    patients without calcium. ``longest``: years that later scans reach. ``read``: the reader of
    the law, a compiled one for large batches.
    """

    feature_names: tuple[str, ...]
    completion: Completion
    growth: CauseModel
    onset: CauseModel
    law: GrowthLaw
    begun_shift: float
    longest: float
    read: Reader = field(default=distribution, repr=False)

    def see(self, X: pd.DataFrame) -> Completed:
        """The features (n, p) as the model sees them, gaps completed. Raises ModelError."""
        self.refuse_absent(X)
        return self.completion.complete(X[list(self.feature_names)].to_numpy(np.float64))

    def refuse_absent(self, X: pd.DataFrame) -> None:
        """Raises ModelError where X lacks a feature that the model was trained on."""
        absent = [name for name in self.feature_names if name not in X.columns]
        if absent:
            raise ModelError(
                f"{len(absent)} features of the model are absent: {', '.join(absent[:5])}. "
                "Derive them with features.derivation.catalogue.derive_features."
            )

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
        too_far = [year for year in years if not 0 < year <= self.longest]
        if too_far:
            raise HorizonError(
                f"{too_far[0]:g} years lie outside what later scans of the cohort show: above 0, "
                f"up to {self.longest:g}"
            )
        found = self.read(self.law, patients, tuple(thresholds), tuple(years), QUANTILES)
        passed, scores, mean = found
        # exactly, none of them falls with time; as read they may by a rounding
        order = np.argsort(years)
        scores[:, order] = np.maximum.accumulate(scores[:, order], axis=1)
        return passed, scores, mean

    def save(self, folder: Path) -> None:
        """Write ``progression.json`` and a UBJSON file per booster; the same model, same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        for margin in (self.growth, self.onset):
            if margin.boosted is not None:
                margin.boosted.booster.save_model(folder / f"{margin.name}.ubj")
        stored = {
            "format": FORMAT,
            "feature_names": list(self.feature_names),
            "completion": self.completion.to_dict(),
            "margins": [cause_to_dict(margin) for margin in (self.growth, self.onset)],
            "law": self.law.to_dict(),
            "begun_shift": self.begun_shift,
            "longest": self.longest,
        }
        (folder / _FILE).write_text(json.dumps(stored, indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, folder: Path) -> ProgressionPredictor:
        """Read back what `save` wrote. Raises ModelError where the folder holds no such model."""
        try:
            stored = read_json(folder / _FILE, with_fields=True)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ModelError(f"{folder} holds no progression model: no {_FILE} there.") from error
        with reading(folder):
            return cls._of_stored(stored, folder)

    @classmethod
    def _of_stored(cls, stored: dict[str, Any], folder: Path) -> ProgressionPredictor:
        if stored["format"] != FORMAT:
            raise ModelError(
                f"{folder} was written in another format than {FORMAT}, which this version reads. "
                "Train the model again or use the version that wrote it."
            )
        names = tuple(stored["feature_names"])
        completion = Completion.from_dict(stored["completion"])
        growth, onset = (
            cause_from_dict(completion, names, margin, folder) for margin in stored["margins"]
        )
        law = GrowthLaw.from_dict(stored["law"])
        shift, longest = stored["begun_shift"], stored["longest"]
        return cls(names, completion, growth, onset, law, shift, longest)
