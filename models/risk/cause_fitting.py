"""Fits the linear and the boosted part of one cause, keeping their out-of-fold margins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from models.learners.binned import Binned
from models.learners.boosted import BoostedPart
from models.learners.boosting import (
    COX,
    LOGISTIC,
    BoostingPath,
    BoostingTask,
    cross_validate_rounds,
    fit_boosted,
)
from models.learners.linear import LinearPart
from models.learners.penalty_path import (
    FloatArray,
    Fold,
    PenaltyPath,
    Regression,
    Terms,
    choose_penalty,
)
from models.learners.ridge_cox import CoxTask
from models.learners.ridge_logistic import LogisticTask
from models.learners.tuning import candidate_settings
from models.learners.views import View, Views

LINEAR, BOOSTED = "linear", "boosted"


@dataclass(frozen=True)
class Outcome:
    """One cause as a learner sees it: who had it, and when each patient's follow-up ended.

    ``timed`` is False for a cohort that records only a yes or no by a fixed horizon.
    """

    time: FloatArray
    occurred: npt.NDArray[np.bool_]
    timed: bool

    @property
    def damping(self) -> float:
        """By how much slopes count when gaps are weighed.

        A mean hazard lies half the variance of its margin above the hazard at the mean margin; of
        log odds only the share 1 - 2p of that is left, p being the share with the event.
        """
        if self.timed:
            return 1.0
        return float(np.sqrt(max(0.0, 1.0 - 2.0 * self.occurred.mean())))


@dataclass(frozen=True)
class FittedLinear:
    """The linear part, its path and its out-of-fold margins."""

    part: LinearPart
    path: PenaltyPath


@dataclass(frozen=True)
class FittedBoosted:
    """The boosted part, its path and its out-of-fold margins."""

    part: BoostedPart
    path: BoostingPath


@dataclass
class FittedCause:
    """The parts of one cause; none for a competing event too rare to be modelled."""

    name: str
    outcome: Outcome
    parts: dict[str, FittedLinear | FittedBoosted] = field(default_factory=dict)


def fit_linear_part(
    views: Views,
    outcome: Outcome,
    directions: Sequence[int],
    penalties: Sequence[float],
    adaptivities: Sequence[float],
    pool: Executor,
) -> FittedLinear:
    """Choose how to shrink by cross-validation, then fit on all patients.

    What gaps leave open enters every fit as an offset, weighed by the slopes of a first fit that
    knows of none; so an indicator of missingness tells only what is more than chance.
    """
    task = (
        CoxTask(outcome.time, outcome.occurred) if outcome.timed else LogisticTask(outcome.occurred)
    )
    first_penalty = sorted(penalties)[len(penalties) // 2]
    of_features = np.array(directions, np.int8)

    def regress(view: View, fold: Fold | None) -> tuple[Regression, FloatArray]:
        values = view.design.terms(view.seen)
        terms = Terms(values, view.design.limits(of_features), np.zeros(len(values)))
        first = task.on(terms, fold)
        used, start = view.completion.used, np.zeros(values.shape[1])
        start[: len(used)] = near[used]
        coefficients = first.fit(np.full(values.shape[1], first_penalty), start)
        slopes = coefficients[: len(used)] * outcome.damping
        by_pattern = view.completion.gap_terms(view.seen.gaps, slopes).sum(axis=1)
        return first.given(by_pattern[view.seen.gaps.pattern]), slopes

    near = np.zeros(len(directions))
    everyone, slopes = regress(views.everyone, None)
    # the optimum of a fold is one and the same from anywhere; from here it only comes sooner
    near[views.everyone.completion.used] = slopes
    of_folds = [regression for regression, _ in pool.map(regress, views.of_folds, views.folds)]
    path = choose_penalty(everyone, of_folds, views.folds, penalties, adaptivities, pool)
    part = LinearPart(views.everyone.design, path.coefficients, slopes, path.penalty)
    return FittedLinear(part, path)


@dataclass(frozen=True)
class BoostingBudget:
    """What boosting may spend: XGBoost's settings, rounds, patience, trials, engine."""

    defaults: Mapping[str, Any]
    max_rounds: int
    early_stopping_rounds: int
    n_trials: int
    engine: Mapping[str, Any]
    seed: int


def fit_boosted_part(
    binned: Binned,
    outcome: Outcome,
    directions: Sequence[int],
    budget: BoostingBudget,
    pool: Executor,
) -> FittedBoosted:
    """Choose settings and rounds by cross-validation, then fit on all patients."""
    if outcome.timed:
        label = np.where(outcome.occurred, outcome.time, -outcome.time)
    else:
        label = outcome.occurred.astype(np.float64)
    task = BoostingTask(
        label,
        COX if outcome.timed else LOGISTIC,
        tuple(directions),
        outcome.damping,
        budget.engine,
    )
    paths = [
        cross_validate_rounds(
            task, binned, tuned, budget.max_rounds, budget.early_stopping_rounds, pool
        )
        for tuned in candidate_settings(budget.defaults, budget.n_trials, budget.seed)
    ]
    best = min(paths, key=lambda path: path.loss)
    return FittedBoosted(fit_boosted(task, binned, best), best)
