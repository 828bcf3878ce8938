"""Fits one margin of the growth law: linear part, boosted part, and how they are joined."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.dictionary.prior import Priors
from models.learners.linear import LinearPart
from models.learners.prior import Gaussian, Trust, term_prior
from models.learners.shapes.bends import Bends
from models.learners.shapes.linear_design import LinearDesign, distinct_patterns
from models.learners.shapes.products import Products
from models.learners.trees.boosted import BoostedPart
from models.learners.trust_path import Believed, Terms, TrustPath, choose_trust
from models.learners.views import View, Views
from models.margins import CauseModel
from models.progression.training.growth_boosting import Grown, cross_validate, fit, settings_of
from models.progression.training.margins import Margin
from models.progression.training.penalised import (
    GrowthRegression,
    Observed,
    fit_penalised,
)

Rows = npt.NDArray[np.intp]

LINEAR, BOOSTED = "linear", "boosted"


@dataclass(frozen=True)
class Budget:
    """What the boosted part may cost: XGBoost's own settings, and limits of the rounds."""

    settings: dict[str, float | int]
    max_rounds: int
    patience: int
    seed: int


@dataclass(frozen=True)
class Beliefs:
    """What is known of features before the scans are seen, and how far that may be trusted.

    ``signs``: (p,) of directions that the parts may not point against.
    """

    priors: Priors
    signs: npt.NDArray[np.int8]
    trusts: Sequence[Trust]


@dataclass(frozen=True)
class ScanRows:
    """Scans (s,) of the patients: ``patient`` (s,) is each one's position among the features."""

    patient: Rows

    def of(self, patients: Rows) -> Rows:
        """Positions of the scans of these patients."""
        return np.flatnonzero(np.isin(self.patient, patients))


@dataclass(frozen=True)
class FittedMargin:
    """A fitted margin, its held-out values (s,) and what was chosen.

    ``factor``: F (1 + m, 1 + m) with F F' the posterior covariance of level and coefficients, as
    they stand in the margin.
    """

    model: CauseModel
    held_out: FloatArray
    factor: FloatArray
    report: dict[str, Any]


def fit_margin(
    name: str,
    views: Views,
    scans: ScanRows,
    margin: Margin,
    beliefs: Beliefs,
    parts: Sequence[str],
    budget: Budget,
    pool: Executor,
) -> FittedMargin:
    """Fit one margin on scans whose patients are rows of the views.

    Held-out values come from parts that were fitted without the patient's fold; the law's shape is
    then found on them, so that its spread holds what the parts do not know.
    """
    if LINEAR in parts:
        linear, level, factor, folds, chosen = _fit_linear(
            name, views, scans, margin, beliefs, pool
        )
    else:
        linear, level, factor, folds = _fit_level(views, scans, margin)
        chosen = None
    held_out = np.zeros(len(scans.patient))
    for rows, values in folds:
        held_out[rows] = values
    report: dict[str, Any] = {"scans": len(scans.patient), "level": level}
    if chosen is not None:
        trust = chosen.trust
        report |= {"means": trust.mean, "widths": trust.width, "penalty": trust.penalty}
    boosted, added = None, np.zeros_like(held_out)
    if BOOSTED in parts:
        boosted, added, rounds = _boost(views, scans, margin, held_out, beliefs.signs, budget, pool)
        report["rounds"] = rounds
    weights = _join(held_out, added, margin)
    model = CauseModel(name, linear, boosted, weights[1], weights[2], weights[0] + weights[1]
                       * level)  # fmt: skip
    report |= {"linear_weight": weights[1], "boosted_weight": weights[2]}
    joined = weights[0] + weights[1] * held_out + weights[2] * added
    return FittedMargin(model, joined, weights[1] * factor, report)


def _folds(views: Views) -> list[tuple[View, tuple[Rows, Rows]]]:
    return list(zip(views.of_folds, views.folds, strict=True))


def _design(view: View, rows: Rows) -> LinearDesign:
    """Straight terms and missing indicators; what bends is left to the trees."""
    missing = view.seen.missing[rows]
    indicated = distinct_patterns(missing)
    share = missing[:, indicated].mean(axis=0)
    shapes, present = (Bends.none(), Products.none()), np.zeros(len(indicated), bool)
    return LinearDesign(view.completion, *shapes, indicated, share, present)


def _fit_linear(
    name: str, views: Views, scans: ScanRows, margin: Margin, beliefs: Beliefs, pool: Executor
) -> tuple[LinearPart, float, FloatArray, list[tuple[Rows, FloatArray]], TrustPath]:
    """The linear part, its level, its posterior, what its folds say of those left out, trust."""

    def regress(
        view: View, rows: Rows, out: Rows | None
    ) -> tuple[LinearDesign, Believed, GrowthRegression]:
        design = _design(view, rows)
        values = design.terms(view.seen)[scans.patient]
        terms = Terms(values, design.limits(beliefs.signs), np.zeros(len(values)))
        inside = scans.of(rows)
        held = None if out is None else Observed(scans.of(out), margin.take(scans.of(out)))
        regression = GrowthRegression(terms, Observed(inside, margin.take(inside)), held)
        prior = term_prior(design, views.feature_names, beliefs.priors, name)
        return design, Believed(regression, prior), regression

    everybody = np.arange(len(views.everyone.seen))
    design, everyone, whole = regress(views.everyone, everybody, None)
    regressed = [regress(view, fit_rows, out) for view, (fit_rows, out) in _folds(views)]
    path = choose_trust(everyone, [believed for _, believed, _ in regressed], beliefs.trusts, pool)
    folds = []
    for beta, (_, _, regression) in zip(path.of_folds, regressed, strict=True):
        values = regression.terms.margin(beta)
        assert regression.left_out is not None
        out = regression.left_out.rows
        folds.append((out, regression.level(values) + values[out]))
    beta = path.coefficients
    factor = whole.posterior_root(beta, everyone.covariance(path.trust, beta))
    return _part(design, beta), whole.level(whole.terms.margin(beta)), factor, folds, path


def _part(design: LinearDesign, coefficients: FloatArray) -> LinearPart:
    n_used = len(design.completion.used)
    return LinearPart(design, coefficients, np.zeros(n_used), np.zeros(n_used, np.int8))


def _fit_level(
    views: Views, scans: ScanRows, margin: Margin
) -> tuple[LinearPart, float, FloatArray, list[tuple[Rows, FloatArray]]]:
    """A linear part of nothing but its level."""
    design = _design(views.everyone, np.arange(len(views.everyone.seen)))
    n_terms = len(design.term_features)
    folds = []
    for fit_rows, out_rows in views.folds:
        out = scans.of(out_rows)
        folds.append((out, np.full(len(out), _level(margin.take(scans.of(fit_rows))))))
    empty = np.zeros((n_terms + 1, n_terms + 1))
    return _part(design, np.zeros(n_terms)), _level(margin), empty, folds


def _level(margin: Margin) -> float:
    nothing = Gaussian(np.zeros(0), np.zeros((0, 0)))
    n = len(margin.scans)
    return float(fit_penalised(np.zeros((n, 0)), margin, nothing, np.array([-0.5]))[0])


def _boost(
    views: Views,
    scans: ScanRows,
    margin: Margin,
    base: FloatArray,
    signs: npt.NDArray[np.int8],
    budget: Budget,
    pool: Executor,
) -> tuple[BoostedPart | None, FloatArray, int]:
    settings = settings_of(budget.settings, signs, budget.seed)

    def grown(view: View, rows: Rows) -> Grown:
        values = view.seen.values[scans.patient[rows]]
        return Grown(values, margin.take(rows), base[rows])

    folds = [
        (grown(view, scans.of(fit_rows)), grown(view, scans.of(out_rows)))
        for view, (fit_rows, out_rows) in _folds(views)
    ]
    path = cross_validate(folds, settings, budget.max_rounds, budget.patience, pool)
    added = np.zeros(len(scans.patient))
    for (_, (_, out_rows)), values in zip(_folds(views), path.held_out, strict=True):
        added[scans.of(out_rows)] = values
    if path.rounds == 0:
        return None, added, 0
    booster = fit(grown(views.everyone, np.arange(len(scans.patient))), settings, path.rounds)
    booster.feature_names = list(views.feature_names)
    return BoostedPart(views.everyone.completion, booster, 0.0), added, path.rounds


def _join(linear: FloatArray, boosted: FloatArray, margin: Margin) -> tuple[float, float, float]:
    """Shift and weights of the parts by likelihood on held-out values; none is negative."""
    centre = float(linear.mean())
    terms = np.column_stack([linear - centre, boosted])
    flat = float(linear.std()) < 1e-9
    width = np.where([flat, not boosted.any()], 1e-6, 1.0)
    wide = Gaussian(np.array([1.0, 1.0]), np.diag(width**-2.0))
    beta = fit_penalised(terms, margin, wide, np.array([centre, *wide.mean]))
    weights = np.maximum(beta[1:], 0.0)
    return float(beta[0] - weights[0] * centre), float(weights[0]), float(weights[1])
