"""The published law of growth: a person keeps the percentile for age and sex.

Heinz Nixdorf Recall study. Erbel R et al. Eur Heart J 2014;35:2960-2971 (method and accuracy);
constants and their checks: data/reference/progression_hnr.json.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.dictionary.data_files import data_file

AGE_LOW, AGE_HIGH, YEARS_AHEAD = 45.0, 74.0, 10.0
SLOW, EXPECTED, RAPID, UNKNOWN = "slow", "expected", "rapid", ""
_BAND = 0.2
_LEAST = 1e-6


@dataclass(frozen=True)
class Curve:
    """ln(CAC + 1) at the ages (n,) as ``a + b z + c z**2`` of a power z of the percentile.

    Men: z = P**-0.25, women: z = P. ``low``, ``high``: (n,) percentiles between which the curve
    rises; outside of them it turns back, and nothing is read from it.
    """

    a: FloatArray
    b: FloatArray
    c: FloatArray
    male: npt.NDArray[np.bool_]
    low: FloatArray
    high: FloatArray

    @classmethod
    def at(cls, age: FloatArray, male: npt.NDArray[np.bool_]) -> Curve:
        """The curves at these ages (years) for men and women."""
        men, women = _constants()
        a, b, c = (
            np.where(male, men[i] + men[i + 3] * age, women[i] + women[i + 3] * age)
            for i in range(3)
        )
        turn = -b / (2 * np.where(c == 0, np.inf, c))
        # the percentile at which the curve turns: from below a valley bounds it, from above a peak
        at = np.where(male, np.maximum(turn, 1.0) ** -4.0, np.clip(turn, _LEAST, 1.0))
        within = np.where(male, turn > 1, turn > _LEAST)
        low = np.where(within & (c > 0), at, _LEAST)
        high = np.where(within & (c < 0), at, 1.0)
        return cls(a, b, c, male, low, high)

    def log_score(self, percentile: FloatArray) -> FloatArray:
        """ln(CAC + 1), (n,), of the percentile (0 to 1), held to where the curve rises."""
        held = np.clip(percentile, self.low, self.high)
        z = np.where(self.male, held**-0.25, held)
        return np.asarray(np.maximum(self.a + self.b * z + self.c * z**2, 0.0))

    def percentile(self, log_score: FloatArray) -> FloatArray:
        """The percentile (n,), 0 to 1, at which the rising branch passes ln(CAC + 1).

        Held to the ends of the branch where the score lies beyond it.
        """
        beyond = self.a - log_score
        root = np.sqrt(np.maximum(self.b**2 - 4 * self.c * beyond, 0.0))
        sign = np.where(self.male, -1.0, 1.0)
        # of the two forms of the same root the one whose terms do not cancel
        same = np.sign(-self.b) == np.sign(sign)
        direct = (-self.b + sign * root) / (2 * np.where(self.c == 0, np.nan, self.c))
        other = -self.b - sign * root
        reverse = 2 * beyond / np.where(other == 0, np.nan, other)
        z = np.where(same & np.isfinite(direct), direct, reverse)
        by_men = np.maximum(z, 1e-9) ** -4.0
        found = np.where(self.male, np.where(z > 0, by_men, 1.0), z)
        return np.asarray(np.clip(found, self.low, self.high))


def percentile(score: FloatArray, age: FloatArray, male: npt.NDArray[np.bool_]) -> FloatArray:
    """Percentile (n,), 0 to 1, of Agatston scores for age in years and sex.

    A score of zero has no percentile but an upper limit, and that is given: the percentile at
    which the curve leaves zero. NaN where score or age is missing.
    """
    return Curve.at(age, male).percentile(np.log1p(score))


def score_at(share: FloatArray, age: FloatArray, male: npt.NDArray[np.bool_]) -> FloatArray:
    """Agatston score (n,) of the percentile (0 to 1) at an age in years."""
    return np.asarray(np.expm1(Curve.at(age, male).log_score(share)))


def expected_score(
    score: FloatArray, age: FloatArray, male: npt.NDArray[np.bool_], years: FloatArray
) -> FloatArray:
    """Agatston score (n,) that the law expects ``years`` after a first one at this age.

    After a zero it is the most the law allows: the first percentile is known from above only.
    NaN outside the study: first scan from 45 to 74 years of age, up to 10 years ahead.
    """
    later = score_at(percentile(score, age, male), age + years, male)
    return np.where(covers(age, years), later, np.nan)


def covers(age: FloatArray, years: FloatArray) -> npt.NDArray[np.bool_]:
    """Which ages at the first scan and years ahead the study can speak of."""
    return np.asarray((age >= AGE_LOW) & (age <= AGE_HIGH) & (years >= 0) & (years <= YEARS_AHEAD))


def classify(
    first: FloatArray,
    later: FloatArray,
    age: FloatArray,
    male: npt.NDArray[np.bool_],
    years: FloatArray,
) -> npt.NDArray[np.object_]:
    """ "slow", "expected" or "rapid" (n,) by the study's bands around the percentile kept.

    Slow: the later percentile is below 0.8 of the first; rapid: above it by more than a fifth of
    what is left to 1. After a zero only "rapid" can be known, and "expected" says no more than
    that. "" outside the study or where something is missing.
    """
    before = percentile(first, age, male)
    after = percentile(later, age + years, male)
    rapid = after > before + _BAND * (1 - before)
    slow = (first > 0) & (after < (1 - _BAND) * before)
    found = np.where(rapid, RAPID, np.where(slow, SLOW, EXPECTED)).astype(object)
    known = covers(age, years) & ~np.isnan(first) & ~np.isnan(later)
    return np.where(known, found, UNKNOWN)


@dataclass(frozen=True)
class Accuracy:
    """Observed minus expected ln(CAC + 1) after five years: mean and SD, (women, men)."""

    mean: tuple[float, float]
    spread: tuple[float, float]


@cache
def published_accuracy() -> Accuracy:
    """How far people were off the law in the study itself."""
    stored = _read()["published_accuracy"]["observed minus predicted ln(CAC+1), mean and SD"]
    women, men = stored["women"], stored["men"]
    return Accuracy((women[0], men[0]), (women[1], men[1]))


@cache
def _constants() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Intercepts of a, b, c, then their slopes by year of age: men, women."""
    stored = _read()
    men, women = stored["men"], stored["women"]
    return tuple(men[name] for name in "abcfgh"), tuple(women[name] for name in "adefjk")


@cache
def _read() -> dict[str, Any]:
    path = data_file("reference/progression_hnr.json")
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return stored
