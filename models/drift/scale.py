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
from features.sample.survey import count_by_worth

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


def fit_scales(covariates: pd.DataFrame, weight: FloatArray | None = None) -> dict[str, Scale]:
    """The scale of every number with enough values above zero that are not all alike.

    ``weight``: (n,) how many each patient stands for; so below.
    """
    scales = {}
    for name, logs in _logarithms(covariates).items():
        known = np.isfinite(logs)
        worth = count_by_worth(weight, known)
        if worth.sum() >= MINIMUM_PATIENTS:
            mean, deviation = _spread(logs[known], worth)
            if deviation > _LEAST_SPREAD:
                scales[name] = Scale(round_count(worth.sum()), _round(mean), _round(deviation))
    return scales


def fit_relations(
    covariates: pd.DataFrame, weight: FloatArray | None = None
) -> dict[str, Relation]:
    """Of every number the closest other one, where they correlate by 0.7 or more as logarithms.

    Which one that is, the patients say as they are; how it is related, by their weights.
    """
    logs = pd.DataFrame(_logarithms(covariates), index=covariates.index)
    correlations = logs.corr(min_periods=MINIMUM_PATIENTS).abs().fillna(0.0).to_numpy(copy=True)
    np.fill_diagonal(correlations, 0.0)
    relations = {}
    for position, name in enumerate(logs):
        closest = int(correlations[position].argmax())
        if correlations[position, closest] >= _CLOSE:
            other = str(logs.columns[closest])
            values, others = logs[name].to_numpy(), logs[other].to_numpy()
            both = np.isfinite(values) & np.isfinite(others)
            one = _fit(values[both], others[both], other, count_by_worth(weight, both))
            if one is not None:
                relations[str(name)] = one
    return relations


def _fit(values: FloatArray, others: FloatArray, other: str, worth: FloatArray) -> Relation | None:
    if worth.sum() < MINIMUM_PATIENTS:
        return None
    slope, intercept = np.polyfit(others, values, 1, w=np.sqrt(worth))
    slope, intercept = _round(slope), _round(intercept)
    mean, deviation = _spread(values - intercept - slope * others, worth)
    # the mean that rounding leaves goes into the intercept
    deviation = max(_round(deviation), _LEAST_SPREAD)
    return Relation(other, round_count(worth.sum()), intercept + _round(mean), slope, deviation)


def compare_scales(
    scales: dict[str, Scale], covariates: pd.DataFrame, weight: FloatArray | None = None
) -> Iterator[Shift]:
    """Whether the values above zero are a multiple of what they were."""
    logs = _logarithms(covariates)
    for name, scale in scales.items():
        if name in logs:
            yield from _compare("scale", name, logs[name], weight, scale.mean, scale, "")


def compare_relations(
    relations: dict[str, Relation], covariates: pd.DataFrame, weight: FloatArray | None = None
) -> Iterator[Shift]:
    """Whether they are a multiple of what the closest other variable lets expect."""
    logs = _logarithms(covariates)
    for name, one in relations.items():
        if name in logs and one.other in logs:
            left = logs[name] - one.intercept - one.slope * logs[one.other]
            yield from _compare("relation", name, left, weight, 0.0, one, f" beside {one.other}")


def _compare(
    kind: str,
    name: str,
    values: FloatArray,
    weight: FloatArray | None,
    before: float,
    spread: Scale | Relation,
    beside: str,
) -> Iterator[Shift]:
    from scipy.stats import t

    from models.drift.shift import Shift

    known = np.isfinite(values)
    worth = count_by_worth(weight, known)
    n = float(worth.sum())
    if n < SMALLEST_SAMPLE:
        return
    mean, deviation = _spread(values[known], worth)
    moved = mean - before
    # n - 1 in place of n: the batch's own mean is taken from it
    variances = spread.deviation**2 / spread.n, deviation**2 / (n - 1)
    error = float(np.sqrt(sum(variances)))
    p_value = 2 * float(t.sf(abs(moved) / error, n - 1)) if error else float(moved == 0)
    said = f"{np.exp(moved):.2f} times what it was{beside}"
    size, expected = abs(moved) / spread.deviation, np.sqrt(2 / np.pi) * error / spread.deviation
    yield Shift(kind, name, kind, size, float(expected), p_value, said)  # type: ignore[arg-type]


def _spread(values: FloatArray, worth: FloatArray) -> tuple[float, float]:
    """Mean and standard deviation."""
    mean = float(np.average(values, weights=worth))
    return mean, float(np.sqrt(np.average((values - mean) ** 2, weights=worth)))


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
