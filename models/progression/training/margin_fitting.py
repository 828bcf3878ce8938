"""Fits one margin of the growth law: linear part, boosted part, and how they are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.learners.bends import Bends
from models.learners.linear import LinearDesign, LinearPart, distinct_patterns
from models.learners.trees.boosted import BoostedPart
from models.learners.views import View, Views
from models.margins.cause_model import CauseModel
from models.progression.law.likelihood import Slopes
from models.progression.training.growth_boosting import Grown, cross_validate, fit, settings_of
from models.progression.training.margins import Margin
from models.progression.training.penalised import (
    Chosen,
    Fitted,
    Prior,
    Task,
    choose_looseness,
    fit_penalised,
    fit_within,
)
from models.progression.training.priors import Priors

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
    report: dict[str, float | int | bool]


def fit_margin(
    name: str,
    views: Views,
    scans: ScanRows,
    margin: Margin,
    priors: Priors,
    parts: Sequence[str],
    budget: Budget,
) -> FittedMargin:
    """Fit one margin on scans whose patients are rows of the views.

    Held-out values come from parts that were fitted without the patient's fold; the law's shape is
    then found on them, so that its spread holds what the parts do not know.
    """
    designs = [_design(view, fit_rows) for view, (fit_rows, _) in _folds(views)]
    everyone = _design(views.everyone, np.arange(len(views.everyone.seen)))
    signs = priors.signs(views.feature_names)
    if LINEAR in parts:
        chosen, folds = _linear_folds(name, views, designs, scans, margin, priors)
        final = _linear_final(name, views, everyone, scans, margin, priors, chosen)
    else:
        chosen, folds = None, _level_folds(views, designs, scans, margin)
        level = _level(margin, len(everyone.term_features))
        final = Fitted(level, np.zeros((len(level), len(level))))
    n_used = len(everyone.completion.used)
    linear = LinearPart(everyone, final.beta[1:], np.zeros(n_used), np.zeros(n_used, np.int8))
    held_out = np.zeros(len(scans.patient))
    for rows, values in folds:
        held_out[rows] = values
    report: dict[str, float | int | bool] = {
        "scans": len(scans.patient),
        "level": float(final.beta[0]),
    }
    if chosen:
        report |= {"looseness": chosen.looseness, "trust": chosen.trust}
    boosted, added = None, np.zeros_like(held_out)
    if BOOSTED in parts:
        boosted, added, rounds = _boost(views, scans, margin, held_out, signs, budget)
        report["rounds"] = rounds
    weights = _join(held_out, added, margin)
    model = CauseModel(name, linear, boosted, weights[1], weights[2], weights[0] + weights[1]
                       * float(final.beta[0]))  # fmt: skip
    report |= {"linear_weight": weights[1], "boosted_weight": weights[2]}
    joined = weights[0] + weights[1] * held_out + weights[2] * added
    return FittedMargin(model, joined, weights[1] * final.factor, report)


def _folds(views: Views) -> list[tuple[View, tuple[Rows, Rows]]]:
    return list(zip(views.of_folds, views.folds, strict=True))


def _design(view: View, rows: Rows) -> LinearDesign:
    """Straight terms and missing indicators; what bends is left to the trees."""
    missing = view.seen.missing[rows]
    indicated = distinct_patterns(missing)
    share = missing[:, indicated].mean(axis=0)
    present = np.zeros(len(indicated), bool)
    return LinearDesign(view.completion, Bends.none(), indicated, share, present)


def _linear_folds(
    name: str,
    views: Views,
    designs: Sequence[LinearDesign],
    scans: ScanRows,
    margin: Margin,
    priors: Priors,
) -> tuple[Chosen, list[tuple[Rows, FloatArray]]]:
    tasks, left_out = [], []
    signs = priors.signs(views.feature_names)
    for (view, (fit_rows, out_rows)), design in zip(_folds(views), designs, strict=True):
        terms = design.terms(view.seen)
        inside, outside = scans.of(fit_rows), scans.of(out_rows)
        prior = Prior(*priors.of_design(design, views.feature_names, name))
        held = terms[scans.patient[outside]], margin.take(outside)
        tasks.append(
            Task(
                terms[scans.patient[inside]], margin.take(inside), prior, design.limits(signs), held
            )
        )
        left_out.append((outside, held[0]))
    chosen = choose_looseness(tasks)
    folds = []
    for task, (rows, terms), start in zip(tasks, left_out, chosen.of_folds, strict=True):
        prior = Prior(chosen.trust * task.prior.mean, task.prior.width)
        fitted = fit_within(
            task.terms, task.likelihood, prior, chosen.looseness, task.limits, start
        )
        beta = fitted.beta
        folds.append((rows, beta[0] + terms @ beta[1:]))
    return chosen, folds


def _linear_final(
    name: str,
    views: Views,
    design: LinearDesign,
    scans: ScanRows,
    margin: Margin,
    priors: Priors,
    chosen: Chosen,
) -> Fitted:
    mean, width = priors.of_design(design, views.feature_names, name)
    terms = design.terms(views.everyone.seen)[scans.patient]
    limits = design.limits(priors.signs(views.feature_names))
    return fit_within(terms, margin, Prior(chosen.trust * mean, width), chosen.looseness, limits)


def _level(margin: Margin, n_terms: int) -> FloatArray:
    n = len(margin.scans)
    empty = Prior(np.zeros(0), np.zeros(0))
    level = fit_penalised(np.zeros((n, 0)), margin, empty, 1.0, np.array([-0.5]))
    return np.concatenate([level, np.zeros(n_terms)])


def _level_folds(
    views: Views, designs: Sequence[LinearDesign], scans: ScanRows, margin: Margin
) -> list[tuple[Rows, FloatArray]]:
    folds = []
    for _, (fit_rows, out_rows) in _folds(views):
        level = _level(margin.take(scans.of(fit_rows)), 0)
        rows = scans.of(out_rows)
        folds.append((rows, np.full(len(rows), level[0])))
    return folds


def _boost(
    views: Views,
    scans: ScanRows,
    margin: Margin,
    base: FloatArray,
    signs: npt.NDArray[np.int8],
    budget: Budget,
) -> tuple[BoostedPart | None, FloatArray, int]:
    settings = settings_of(budget.settings, signs, budget.seed)

    def grown(view: View, rows: Rows) -> Grown:
        values = view.seen.values[scans.patient[rows]]
        return Grown(values, margin.take(rows), base[rows])

    folds = [
        (grown(view, scans.of(fit_rows)), grown(view, scans.of(out_rows)))
        for view, (fit_rows, out_rows) in _folds(views)
    ]
    path = cross_validate(folds, settings, budget.max_rounds, budget.patience)
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
    wide = Prior(np.array([1.0, 1.0]), np.array([1.0, 1.0]))
    flat = float(linear.std()) < 1e-9
    if flat or not boosted.any():
        wide = Prior(wide.mean, np.where([flat, not boosted.any()], 1e-6, wide.width))

    def likelihood(values: FloatArray) -> Slopes:
        return margin(values)

    start = np.array([centre, *wide.mean])
    beta = fit_penalised(terms, likelihood, wide, 1.0, start)
    weights = np.maximum(beta[1:], 0.0)
    return float(beta[0] - weights[0] * centre), float(weights[0]), float(weights[1])
