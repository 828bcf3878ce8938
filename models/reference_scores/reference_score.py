"""What every reference score can do: the risk it gives, for whom, and why not for others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from features.array_types import BoolArray, FloatArray
from features.derivation.catalogue import WORKED_OUT
from features.derivation.columns import Columns, first_known
from features.derivation.therapy import takes_lipid_drug
from features.dictionary.dictionary import Dictionary
from features.errors import HorizonError
from models.reference_scores.publication import Publication

Values = Mapping[str, FloatArray]

DICTIONARY = Dictionary.load()
# Social deprivation index of the place of residence, in deciles: PREVENT alone knows it.
SDI = "sdi"
Kind = Literal["input absent", "out of range", "not for these patients", "assumed"]
COMPUTED = "computed"
COVERAGE_COLUMNS = ("score", "horizon", "finding", "variable", "rule", "patients", "share")


def smokes_now(columns: Columns) -> FloatArray:
    """1 where the patient smokes at present, 0 where not, NaN where unknown. (n,)."""
    return columns.is_code("smoking_status", "current")


def takes_statin(columns: Columns) -> FloatArray:
    """1 on a statin, 0 on none, (n,); any lipid-lowering drug where the statin is not recorded."""
    intensity = columns["statin_intensity"]
    statin = np.where(np.isnan(intensity), np.nan, (intensity > 0).astype(np.float64))
    return first_known(statin, columns["lipid_lowering"])


_DERIVED: Mapping[str, Callable[[Columns], FloatArray]] = {
    **WORKED_OUT,
    "lipid_lowering": takes_lipid_drug,
    "smoking_status": smokes_now,
    "statin_intensity": takes_statin,
}


class Inputs:
    """The inputs by dictionary variable, each float64 (n,), NaN where missing or absent.

    Booleans are 0 or 1; ``sex`` is 1 in men; ``smoking_status`` is 1 in current smokers;
    ``statin_intensity`` is 1 on any statin; ``ethnicity`` is the position of the code. What is in
    `WORKED_OUT` and lipid-lowering therapy are derived where they are not recorded. ``sdi`` is a
    column beside the dictionary's.
    """

    def __init__(self, covariates: pd.DataFrame | Columns) -> None:
        self._columns = Columns.of(covariates, DICTIONARY)

    def __len__(self) -> int:
        return len(self._columns)

    def __getitem__(self, name: str) -> FloatArray:
        if name == SDI:
            return self._read_beside(name)
        compute = _DERIVED.get(name)
        return self._columns[name] if compute is None else self._columns.derived(compute)

    def take(self, names: Sequence[str], rows: BoolArray) -> Values:
        """The inputs of these patients, each (m,)."""
        chosen = np.flatnonzero(rows)
        return {name: self[name].take(chosen) for name in names}

    def _read_beside(self, name: str) -> FloatArray:
        if name not in self._columns:
            return np.full(len(self), np.nan)
        return np.asarray(
            self._columns.covariates[name].to_numpy(dtype=np.float64, na_value=np.nan)
        )


def is_of(values: Values, group: str) -> FloatArray:
    """1 where the patient's ethnicity is this code, else 0. (m,)."""
    position = DICTIONARY["ethnicity"].codes.index(group)
    return np.where(values["ethnicity"] == position, 1.0, 0.0)


def add_up(terms: Values, coefficients: Mapping[str, float], *beside: str) -> FloatArray:
    """Sum of coefficient times term, (m,). A coefficient without a term is a KeyError.

    ``beside``: numbers among the coefficients that are none, such as the baseline survival.
    """
    first, *rest = (name for name in coefficients if name not in beside)
    total = coefficients[first] * terms[first]
    for name in rest:
        total = total + coefficients[name] * terms[name]
    return total


@dataclass(frozen=True)
class Finding:
    """A rule and the patients (mask (n,)) to whom it applies.

    All kinds but "assumed" leave these patients without a risk. ``limits``: low, high and unit, of
    a rule that is a range.
    """

    kind: Kind
    variable: str
    rule: str
    patients: BoolArray
    limits: tuple[float, float, str] | None = None

    @property
    def excludes(self) -> bool:
        """Whether these patients get no risk."""
        return self.kind != "assumed"


def computable(findings: Sequence[Finding], n_patients: int) -> BoolArray:
    """The patients (n,) whom no finding excludes."""
    kept = np.ones(n_patients, dtype=bool)
    for finding in findings:
        if finding.excludes:
            kept &= ~finding.patients
    return kept


def tabulate(
    score: str, horizon: float, findings: Sequence[Finding], n_patients: int
) -> pd.DataFrame:
    """One row for the patients with a risk, then one for each rule that applies to anyone.

    A patient may break several rules, so their shares do not add up to the rest. What was
    assumed is counted among the patients with a risk.
    """
    kept = computable(findings, n_patients)
    counts = [(COMPUTED, "", "", int(kept.sum()))]
    for finding in sorted(findings, key=lambda finding: not finding.excludes):
        counted = finding.patients if finding.excludes else finding.patients & kept
        counts.append((finding.kind, finding.variable, finding.rule, int(counted.sum())))
    rows = [
        (score, horizon, *count, count[-1] / n_patients if n_patients else np.nan)
        for count in counts
        if count[0] == COMPUTED or count[-1] > 0
    ]
    return pd.DataFrame(rows, columns=list(COVERAGE_COLUMNS))


class ReferenceScore(ABC):
    """A published equation. ``name`` identifies it, ``title`` is what a person reads.

    Nothing is fitted, nothing is clamped: a patient with a missing input, an input outside the
    published range, or cardiovascular disease already has no risk (NaN), and `coverage` says how
    many and why. Where the publication states no range, the data dictionary's holds.
    """

    name: str
    title: str
    publication: Publication

    @abstractmethod
    def required_inputs(self, horizon: float) -> tuple[str, ...]:
        """Variables without which there is no risk by the horizon."""

    def optional_inputs(self) -> tuple[str, ...]:
        """Variables that are used, or held to their range, where they are known."""
        return ()

    def ranges(self, horizon: float) -> Mapping[str, tuple[float, float]]:
        """Lowest and highest published value by variable, both included."""
        return self.publication.ranges

    def judge(self, inputs: Inputs, horizon: float) -> list[Finding]:
        """Findings of this score beyond those that all scores share."""
        return []

    @abstractmethod
    def compute(self, values: Values, horizon: float) -> FloatArray:
        """Risk (m,) of patients who have all required inputs, within their ranges."""

    def predict_risk(
        self, covariates: pd.DataFrame | Columns | Inputs, horizons: Sequence[float]
    ) -> FloatArray:
        """Risk (n, h) of the score's own outcome by each horizon (years); NaN where it has none.

        `Inputs` in place of covariates saves reading them again for several scores. Raises
        HorizonError for a horizon for which the score was not published.
        """
        inputs = covariates if isinstance(covariates, Inputs) else Inputs(covariates)
        risk = np.full((len(inputs), len(horizons)), np.nan)
        for position, horizon in enumerate(self._known(horizons)):
            rows = computable(self.find(inputs, horizon), len(inputs))
            names = (*self.required_inputs(horizon), *self.optional_inputs())
            risk[rows, position] = self.compute(inputs.take(names, rows), horizon)
        return risk

    def coverage(
        self, covariates: pd.DataFrame | Inputs, horizons: Sequence[float] | None = None
    ) -> pd.DataFrame:
        """How many patients have a risk by each horizon (by default all), and why others do not.

        Columns: score, horizon, finding ("computed", "input absent", "out of range", "not for
        these patients", "assumed"), variable, rule, patients, share. Raises HorizonError.
        """
        inputs = covariates if isinstance(covariates, Inputs) else Inputs(covariates)
        wanted = self._known(self.publication.horizons if horizons is None else horizons)
        tables = [tabulate(self.name, h, self.find(inputs, h), len(inputs)) for h in wanted]
        return pd.concat(tables, ignore_index=True)

    def find(self, inputs: Inputs, horizon: float) -> list[Finding]:
        """Everything that excludes a patient, and everything that is assumed."""
        required = self.required_inputs(horizon)
        ranges = self.ranges(horizon)
        ranged = [_find_outside(inputs, n, ranges) for n in (*required, *self.optional_inputs())]
        return [
            *(Finding("input absent", n, "must be known", np.isnan(inputs[n])) for n in required),
            *(finding for finding in ranged if finding is not None),
            *_find_prior_disease(inputs, self.publication.free_of),
            *self.judge(inputs, horizon),
        ]

    def _known(self, horizons: Sequence[float]) -> Sequence[float]:
        published = self.publication.horizons
        for horizon in horizons:
            if horizon not in published:
                known = " and ".join(f"{h:g}" for h in published)
                raise HorizonError(
                    f"{self.name} gives no risk by {horizon:g} years, only by {known}. "
                    "Ask for these or leave the score out"
                )
        return horizons


def _find_outside(
    inputs: Inputs, name: str, ranges: Mapping[str, tuple[float, float]]
) -> Finding | None:
    low, high, unit = _limits(name, ranges)
    if low is None or high is None:
        return None
    values = inputs[name]
    # Published age limits count completed years: 79.5 is still 79.
    highest = np.floor(values) if name == "age" else values
    rule = f"must lie between {low:g} and {high:g} {unit}".rstrip()
    outside = (values < low) | (highest > high)
    return Finding("out of range", name, rule, outside, (low, high, unit))


def _limits(
    name: str, ranges: Mapping[str, tuple[float, float]]
) -> tuple[float | None, float | None, str]:
    if name == SDI:
        return *ranges[SDI], "(decile)"
    variable = DICTIONARY[name]
    return *ranges.get(name, (variable.low, variable.high)), variable.unit or ""


def _find_prior_disease(inputs: Inputs, free_of: Sequence[str]) -> list[Finding]:
    ill, known = np.zeros(len(inputs), dtype=bool), np.zeros(len(inputs), dtype=bool)
    for name in free_of:
        ill |= inputs[name] == 1
        known |= ~np.isnan(inputs[name])
    variables = ", ".join(free_of)
    return [
        Finding("not for these patients", variables, "no cardiovascular disease so far", ill),
        Finding("assumed", variables, "not recorded, so taken to be free of disease", ~known),
    ]
