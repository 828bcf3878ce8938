"""The AHA's PREVENT equations: total cardiovascular disease and its parts by 10 or 30 years."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from typing import Literal

import numpy as np

from features.array_types import FloatArray
from features.dictionary.data_files import data_file
from models.reference_scores.prevent_terms import TERMS
from models.reference_scores.publication import read_entry, read_publication, read_ranges
from models.reference_scores.reference_score import (
    SDI,
    Finding,
    Inputs,
    ReferenceScore,
    Values,
    add_up,
)

Extension = Literal["base", "hba1c", "uacr", "sdi", "full"]
PreventOutcome = Literal["total_cvd", "ascvd", "heart_failure", "chd", "stroke"]

_FULL: tuple[str, ...] = ("hba1c", "uacr", SDI)
_EXTRA: dict[Extension, tuple[str, ...]] = {
    "base": (),
    "hba1c": ("hba1c",),
    "uacr": ("uacr",),
    "sdi": (SDI,),
    "full": _FULL,
}
# As the authors write them (Khan 2024).
_SPOKEN: dict[Extension | PreventOutcome, str] = {
    "base": "base model",
    "hba1c": "base model plus HbA1c",
    "uacr": "base model plus UACR",
    "sdi": "base model plus SDI",
    "full": "full model",
    "total_cvd": "total CVD",
    "ascvd": "ASCVD",
    "heart_failure": "heart failure",
    "chd": "CHD",
    "stroke": "stroke",
}
# The full equation's own terms stand in for one missing value, not for most of what it adds.
_FEWEST_OF_FULL = 2


class Prevent(ReferenceScore):
    """risk = 1 / (1 + exp(-(sum of coefficient x value))), by sex, outcome and horizon.

    ``extension`` adds HbA1c, urinary albumin, the social deprivation index, or all three; in the
    full equation one of the three may be missing, for which it has a term. Inputs whose
    coefficient is zero are not required (BMI outside heart failure, lipids in it), yet they must
    lie within range where they are known. A statin is any lipid-lowering drug where statins are
    not recorded. Ethnicity is not asked for. Source: Khan SS et al. Circulation 2024;149:430-449.
    """

    def __init__(
        self, extension: Extension = "base", outcome: PreventOutcome = "total_cvd"
    ) -> None:
        entry = read_entry("prevent_2023.json")
        self.extension = extension
        self.outcome = outcome
        self.name = f"prevent_{extension}_{outcome}"
        self.title = f"PREVENT 2023, {_SPOKEN[extension]}, {_SPOKEN[outcome]}"
        self.publication = read_publication(entry, outcome)
        self._ranges_30_years = read_ranges(entry["ranges_30_years"])

    def required_inputs(self, horizon: float) -> tuple[str, ...]:
        """The inputs with a coefficient other than zero, in the order of the equation."""
        found = {"sex": None}
        for sex in ("female", "male"):
            for label, coefficient in self._coefficients(sex, horizon).items():
                if coefficient != 0.0:
                    found |= dict.fromkeys(TERMS[label].inputs)
        return tuple(name for name in found if self.extension != "full" or name not in _FULL)

    def optional_inputs(self) -> tuple[str, ...]:
        """Inputs that the equation knows but does not require."""
        known = {name for label in self._labels() for name in TERMS[label].inputs}
        required = self.required_inputs(self.publication.horizons[0])
        return tuple(sorted(known.difference(required)))

    def ranges(self, horizon: float) -> Mapping[str, tuple[float, float]]:
        """Published ranges: ages 30 to 79 for 10 years, 30 to 59 for 30."""
        known = dict(self.publication.ranges)
        return known | self._ranges_30_years if horizon > 10 else known

    def judge(self, inputs: Inputs, horizon: float) -> list[Finding]:
        """What may be missing from the full equation, and what stands in for it."""
        if self.extension != "full":
            return []
        missing = {name: np.isnan(inputs[name]) for name in _FULL}
        too_few = len(_FULL) - np.sum(list(missing.values()), axis=0) < _FEWEST_OF_FULL
        own = "not known, so the equation's term for a missing value is used"
        rule = f"{_FEWEST_OF_FULL} of them must be known"
        return [
            Finding("input absent", ", ".join(_FULL), rule, too_few),
            *(Finding("assumed", name, own, rows) for name, rows in missing.items()),
        ]

    def compute(self, values: Values, horizon: float) -> FloatArray:
        """Risk (m,) of the outcome by the horizon."""
        male = values["sex"] == 1
        risk = np.empty(len(male))
        for sex, rows in (("female", ~male), ("male", male)):
            used = {k: v for k, v in self._coefficients(sex, horizon).items() if v != 0.0}
            of_sex = {name: value[rows] for name, value in values.items()}
            total = add_up({label: TERMS[label].value(of_sex) for label in used}, used)
            risk[rows] = 1.0 / (1.0 + np.exp(-total))
        return risk

    def _coefficients(self, sex: str, horizon: float) -> Mapping[str, float]:
        return _read_table(self.extension, f"{horizon:g}yr")[f"{sex}_{self.outcome}"]

    def _labels(self) -> set[str]:
        return {
            label
            for horizon in self.publication.horizons
            for label in self._coefficients("female", horizon)
        }


@cache
def _read_table(extension: str, horizon: str) -> dict[str, dict[str, float]]:
    """Coefficients by sex and outcome, then by label."""
    path = data_file(f"reference/prevent_2023_coef_{extension}_{horizon}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    groups = [name for name in rows[0] if name != "beta_coefficients"]
    return {g: {row["beta_coefficients"]: float(row[g]) for row in rows} for g in groups}
