"""Learns the average of each age and sex from what a model predicts for those it was trained on.

Within each sex, the predicted risk by a horizon is regressed on age by a logistic curve with
restricted cubic splines (Harrell FE 2015, Regression Modeling Strategies, 2nd edition, section
2.4.5 and table 2.3). The logit is the canonical link of a share: what is fitted is the mean of the
predictions, which it meets exactly over all ages, and not the risk of a mean patient.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.disclosure import SMALLEST_COUNT, round_count
from features.sample.survey import effective_size
from models.average_risks import WINDOW_YEARS, AgeCurve, AverageRisks
from models.learners.shapes.bends import restricted_cubic
from models.metrics.calibration.binomial_regression import unlink

FEWEST_PATIENTS = 50
"""Of one sex within the window, counted for what they are worth where they have weights."""

LARGEST_ERROR = 0.2
"""Standard error of an average that is kept, as a share of it, by any horizon."""

# Where knots lie, and from how many patients on there are as many.
_KNOTS = (
    (1000, (0.05, 0.275, 0.5, 0.725, 0.95)),
    (200, (0.05, 0.35, 0.65, 0.95)),
    (0, (0.1, 0.5, 0.9)),
)
_STEPS_PER_YEAR = 10
_LEAST_RISK = 1e-9
_MOST_ITERATIONS, _CLOSE_ENOUGH = 100, 1e-9


def fit_averages(
    covariates: pd.DataFrame,
    risks: FloatArray,
    horizons: tuple[float, ...],
    weight: FloatArray | None = None,
) -> AverageRisks:
    """The mean of predicted risks (n, h) by age and sex of these patients.

    ``covariates``: (n, variables), canonical; who has no age or no sex is left out. ``weight``:
    (n,) how many each stands for. There is no average of an age where fewer than 50 patients of the
    sex lie within five years of it, where fewer than 10 of these are at most a year older than it,
    or at most a year younger, and where its standard error is above a fifth of it by any horizon.
    """
    weighted = weight is not None and bool(np.ptp(weight) > 0)
    if "age" not in covariates or "sex" not in covariates:
        return AverageRisks(horizons, {}, weighted)
    age = covariates["age"].to_numpy(np.float64)
    worth = weight if weight is not None else np.ones(len(age))
    curves = {}
    for sex in sorted(covariates["sex"].dropna().unique()):
        members = (covariates["sex"] == sex).to_numpy(np.bool_, na_value=False) & ~np.isnan(age)
        curve = _fit_curve(age[members], risks[members], worth[members])
        if curve is not None:
            curves[str(sex)] = curve
    return AverageRisks(horizons, curves, weighted)


def _fit_curve(age: FloatArray, risks: FloatArray, worth: FloatArray) -> AgeCurve | None:
    if len(age) < FEWEST_PATIENTS:
        return None
    grid = np.arange(np.floor(age.min()), np.ceil(age.max()) + 1)
    near = [np.abs(age - one) <= WINDOW_YEARS for one in grid]
    known = np.array([_is_known(one, age[k], worth[k]) for one, k in zip(grid, near, strict=True)])
    knots = _place_knots(age)
    # the terms are those of an age: sums over its patients tell all that these do
    tenths, place = np.unique(np.rint(age * _STEPS_PER_YEAR), return_inverse=True)
    terms, terms_at = _terms(tenths / _STEPS_PER_YEAR, knots), _terms(grid, knots)
    worth = worth / worth.sum()
    means = []
    for risk in risks.T:
        sums = [_sum_up(place, part) for part in (worth, worth * risk)]
        squares = [_sum_up(place, worth**2 * risk**power) for power in range(3)]
        coefficients = _regress(terms, sums[1] / sums[0], sums[0])
        mean = unlink(terms_at @ coefficients, "logit")
        error = _standard_error(terms, coefficients, sums[0], squares, terms_at)
        # that of a logit, times 1 - mean, is that of the mean as a share of it
        known &= error * (1 - mean) <= LARGEST_ERROR
        means.append(mean)
    if not known.any():
        return None
    patients = np.array([round_count(k.sum()) for k in near], np.float64)
    return AgeCurve(grid[known], patients[known], np.array(means)[:, known])


def _sum_up(place: npt.NDArray[np.intp], values: FloatArray) -> FloatArray:
    return np.asarray(np.bincount(place, values), np.float64)


def _is_known(age: float, near: FloatArray, worth: FloatArray) -> bool:
    """Whether enough patients lie near (k,) an age, and on both sides of it."""
    fewest = min((near <= age + 1).sum(), (near >= age - 1).sum())
    return bool(fewest >= SMALLEST_COUNT and effective_size(worth) >= FEWEST_PATIENTS)


def _place_knots(age: FloatArray) -> FloatArray:
    """Whole years, so that no knot is anybody's age; fewer than three where ages are few."""
    shares = next(shares for least, shares in _KNOTS if len(age) >= least)
    return np.unique(np.rint(np.quantile(age, shares)))


def _terms(age: FloatArray, knots: FloatArray) -> FloatArray:
    """(n, 1 + terms): a constant, age, and the restricted cubic terms of three knots or more."""
    middle, size = knots.mean(), max(1.0, float(np.ptp(knots)))
    z, at = (age - middle) / size, (knots - middle) / size
    columns = [np.ones(len(age))]
    if len(knots) > 1:
        columns.append(z)
    if len(knots) > 2:
        # each of the first knots bends together with the last two
        threes = np.array([(first, *at[-2:]) for first in at[:-2]])
        columns += [*restricted_cubic(z[:, None].repeat(len(threes), axis=1), threes).T]
    return np.column_stack(columns)


def _regress(terms: FloatArray, share: FloatArray, weight: FloatArray) -> FloatArray:
    """Coefficients (p,) of the logistic curve nearest to these shares (n,), by Newton's method."""
    share = share.clip(_LEAST_RISK, 1 - _LEAST_RISK)
    coefficients = np.zeros(terms.shape[1])
    mean = float(weight @ share)
    coefficients[0] = np.log(mean / (1 - mean))
    loss = _loss(terms @ coefficients, share, weight)
    for _ in range(_MOST_ITERATIONS):
        fitted = unlink(terms @ coefficients, "logit")
        gradient = terms.T @ (weight * (share - fitted))
        curvature = (terms * (weight * fitted * (1 - fitted))[:, None]).T @ terms
        step = np.linalg.lstsq(curvature, gradient, rcond=1e-12)[0]
        while (after := _loss(terms @ (coefficients + step), share, weight)) > loss:
            step = step / 2
            if np.abs(step).max() < _CLOSE_ENOUGH:
                return coefficients
        coefficients, loss = coefficients + step, after
        if np.abs(step).max() < _CLOSE_ENOUGH:
            break
    return coefficients


def _standard_error(
    terms: FloatArray,
    coefficients: FloatArray,
    weight: FloatArray,
    squares: Sequence[FloatArray],
    terms_at: FloatArray,
) -> FloatArray:
    """Of the curve's logit at ``terms_at`` (g, p), (g,): robust to how patients of an age differ.

    The sandwich of Huber (1967) and White (1980, Econometrica 48:817-838). ``squares``: sums, by
    age, of weight^2, weight^2 * risk and weight^2 * risk^2.
    """
    fitted = unlink(terms @ coefficients, "logit")
    curvature = (terms * (weight * fitted * (1 - fitted))[:, None]).T @ terms
    spread = squares[2] - 2 * fitted * squares[1] + fitted**2 * squares[0]
    middle = (terms * spread[:, None]).T @ terms
    spreading = terms_at @ np.linalg.pinv(curvature, hermitian=True)
    return np.asarray(np.sqrt(((spreading @ middle) * spreading).sum(axis=1).clip(0)))


def _loss(logit: FloatArray, share: FloatArray, weight: FloatArray) -> float:
    return float(weight @ (np.logaddexp(0, logit) - share * logit))
