"""The mean risk that a model predicts for the patients it was trained on, by age and sex.

Kept as a smooth curve over whole years of age, so that no patient's risk can be read from it; see
`models.saving.average_fitting`, and docs/decisions/0076.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from features.array_types import FloatArray
from models.storage.formats import read_json, reading

WINDOW_YEARS = 5.0
"""Patients at most this many years younger or older stand behind the average of an age."""

_OF_A_CURVE = ("ages", "patients", "mean_risks")


@dataclass(frozen=True)
class Average:
    """``risk``: a fraction; ``patients``: about how many of nearly this age stand behind it.

    ``weighted``: each counts for the people that the patient stands for.
    """

    risk: float
    patients: int
    weighted: bool


@dataclass(frozen=True)
class AgeCurve:
    """Of one sex: ``ages`` (g,) whole years, rising, those that enough patients stand behind.

    ``patients`` (g,): how many lie within five years, in tens; ``mean_risks`` (h, g): fractions by
    each horizon of the model.
    """

    ages: FloatArray
    patients: FloatArray
    mean_risks: FloatArray

    def __post_init__(self) -> None:
        """Raises ValueError where shapes do not fit one another."""
        g = len(self.ages)
        if self.patients.shape != (g,) or self.mean_risks.shape[1:] != (g,):
            raise ValueError(
                f"patients of {g} ages are ({g},) and risks (h, {g}), "
                f"got {self.patients.shape} and {self.mean_risks.shape}"
            )

    def at(self, age: float) -> tuple[FloatArray, int] | None:
        """Mean risks (h,) and patients at an age (years); None where either whole year is none."""
        years = np.floor(age), np.ceil(age)
        first, last = (np.flatnonzero(self.ages == year) for year in years)
        if not len(first) or not len(last):
            return None
        around = np.concatenate([first, last])
        low, high = self.mean_risks[:, around].T
        return low + (age - years[0]) * (high - low), int(self.patients[around].min())


@dataclass(frozen=True)
class AverageRisks:
    """``horizons``: of the model, years; ``curves``: by sex; ``weighted``: patients had weights."""

    horizons: tuple[float, ...]
    curves: Mapping[str, AgeCurve] = field(default_factory=dict)
    weighted: bool = False

    def find(self, sex: str, age: float, horizon: float) -> Average | None:
        """The average of a sex at an age (years) by one of the horizons (years).

        None where too few patients trained on were like that, and of other horizons.
        """
        found = self.curves[sex].at(age) if sex in self.curves else None
        if found is None or horizon not in self.horizons:
            return None
        risks, patients = found
        return Average(float(risks[self.horizons.index(horizon)]), patients, self.weighted)

    def save(self, path: Path) -> None:
        """Write as JSON, to the digits that matter: the same model, the same bytes."""
        stored: dict[str, object] = {"weighted": self.weighted}
        for sex, curve in self.curves.items():
            stored[sex] = {
                "ages": curve.ages.astype(int).tolist(),
                "patients": curve.patients.astype(int).tolist(),
                "mean_risks": [[float(f"{one:.4g}") for one in row] for row in curve.mean_risks],
            }
        path.write_text(json.dumps(stored) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path, horizons: tuple[float, ...]) -> AverageRisks:
        """Read back what `save` wrote, of a model with these horizons. Raises ModelError."""
        with reading(path):
            stored = read_json(path, with_fields=True, lengths={"h": len(horizons)})
            weighted = stored.pop("weighted")
            if type(weighted) is not bool:
                raise TypeError("a flag")
            curves = {
                sex: AgeCurve(*(np.array(one[name], np.float64) for name in _OF_A_CURVE))
                for sex, one in stored.items()
            }
        return cls(horizons, curves, weighted)
