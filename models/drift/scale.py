"""How large the values of a number are: alone, and beside the variable that tells most of it.

Bins see a new spread; they hardly see a factor that is small beside the spread, such as another
scanner (Agatston scores 1.5 times as high). A mean of logarithms does, and where another variable
tells most of this one (volume of the Agatston score), what that leaves of it is told from chance
in a few dozen patients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.disclosure import round_count

if TYPE_CHECKING:
    from models.drift.shift import Shift


MINIMUM_PATIENTS = 100
"""Fewer patients with a value above zero are not summed up."""

SMALLEST_SAMPLE = 30
"""Fewer of a batch are not compared: a mean of so few is not yet normal."""

_CLOSE = 0.7
_DIGITS = 4
_LEAST_SPREAD = 0.01


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of the natural logarithm of values above zero."""

    n: int
    mean: float
    deviation: float

    def __post_init__(self) -> None:
        _refuse_no_spread(self.n, self.deviation, self.mean)


@dataclass(frozen=True)
class Relation:
    """log(value) = intercept + slope * log(value of ``other``), and the deviation from it."""

    other: str
    n: int
    intercept: float
    slope: float
    deviation: float

    def __post_init__(self) -> None:
        _refuse_no_spread(self.n, self.deviation, self.intercept, self.slope)
        if not isinstance(self.other, str):
            raise TypeError("another variable that has no name")


def _refuse_no_spread(n: int, deviation: float, *more: float) -> None:
    """Raises ValueError, or TypeError, where nothing can be compared with these numbers."""
    if not (n > 0 and deviation > 0 and all(abs(one) < np.inf for one in more)):
        raise ValueError("a spread that is none")


def fit_scales(covariates: pd.DataFrame) -> dict[str, Scale]:
    """The scale of every number with enough values above zero that are not all alike."""
    scales = {}
    for name, logs in _logarithms(covariates).items():
        known = logs[np.isfinite(logs)]
        if len(known) >= MINIMUM_PATIENTS and known.std() > _LEAST_SPREAD:
            scales[name] = Scale(round_count(len(known)), _round(known.mean()), _round(known.std()))
    return scales


def fit_relations(covariates: pd.DataFrame) -> dict[str, Relation]:
    """Of every number the closest other one, where they correlate by 0.7 or more as logarithms."""
    logs = pd.DataFrame(_logarithms(covariates), index=covariates.index)
    correlations = logs.corr(min_periods=MINIMUM_PATIENTS).abs().fillna(0.0).to_numpy(copy=True)
    np.fill_diagonal(correlations, 0.0)
    relations = {}
    for position, name in enumerate(logs):
        closest = int(correlations[position].argmax())
        if correlations[position, closest] >= _CLOSE:
            other = str(logs.columns[closest])
            relations[str(name)] = _fit(logs[name].to_numpy(), logs[other].to_numpy(), other)
    return relations


def _fit(values: FloatArray, others: FloatArray, other: str) -> Relation:
    both = np.isfinite(values) & np.isfinite(others)
    slope, intercept = np.polyfit(others[both], values[both], 1)
    slope, intercept = _round(slope), _round(intercept)
    left = values[both] - intercept - slope * others[both]
    # the mean that rounding leaves goes into the intercept
    deviation = max(_round(left.std()), _LEAST_SPREAD)
    return Relation(
        other, round_count(int(both.sum())), intercept + _round(left.mean()), slope, deviation
    )


def compare_scales(scales: dict[str, Scale], covariates: pd.DataFrame) -> Iterator[Shift]:
    """Whether the values above zero are a multiple of what they were."""
    logs = _logarithms(covariates)
    for name, scale in scales.items():
        if name in logs:
            yield from _compare("scale", name, logs[name], scale.mean, scale, "")


def compare_relations(relations: dict[str, Relation], covariates: pd.DataFrame) -> Iterator[Shift]:
    """Whether they are a multiple of what the closest other variable lets expect."""
    logs = _logarithms(covariates)
    for name, one in relations.items():
        if name in logs and one.other in logs:
            left = logs[name] - one.intercept - one.slope * logs[one.other]
            yield from _compare("relation", name, left, 0.0, one, f" beside {one.other}")


def _compare(
    kind: str, name: str, values: FloatArray, before: float, spread: Scale | Relation, beside: str
) -> Iterator[Shift]:
    from scipy.stats import t

    from models.drift.shift import Shift

    known = values[np.isfinite(values)]
    if len(known) < SMALLEST_SAMPLE:
        return
    moved = float(known.mean() - before)
    variances = spread.deviation**2 / spread.n, float(known.var(ddof=1)) / len(known)
    error = float(np.sqrt(sum(variances)))
    p_value = 2 * float(t.sf(abs(moved) / error, len(known) - 1)) if error else float(moved == 0)
    said = f"{np.exp(moved):.2f} times what it was{beside}"
    size, expected = abs(moved) / spread.deviation, np.sqrt(2 / np.pi) * error / spread.deviation
    yield Shift(kind, name, kind, size, float(expected), p_value, said)  # type: ignore[arg-type]


def _logarithms(covariates: pd.DataFrame) -> dict[str, FloatArray]:
    """By number that is never below zero: natural logarithm (n,), NaN for zero and for gaps."""
    logs = {}
    for name, column in covariates.items():
        if column.dtype == np.float64 and not column.dropna().isin([0.0, 1.0]).all():
            values = column.to_numpy(dtype=np.float64)
            if (values < 0).any():
                continue
            logs[str(name)] = np.log(np.where(values > 0, values, np.nan))
    return logs


def _round(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
