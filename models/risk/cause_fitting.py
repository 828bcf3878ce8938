"""Fits the linear and the boosted part of one cause, keeping their out-of-fold margins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.dictionary.prior import Priors
from models.learners.linear import LinearPart
from models.learners.partial_likelihood import OwnWeights, RiskSets
from models.learners.penalised_cox import CoxTask
from models.learners.penalised_logistic import LogisticTask
from models.learners.prior import Gaussian, Trust, term_prior
from models.learners.shapes.linear_design import Limits
from models.learners.trees.binned import Binned
from models.learners.trees.boosted import BoostedPart
from models.learners.trees.boosting import (
    COX,
    LOGISTIC,
    BoostingPath,
    BoostingTask,
    cross_validate_rounds,
    fit_boosted,
)
from models.learners.trees.tuning import candidate_settings
from models.learners.trust_path import Believed, Fold, Terms, TrustPath, choose_trust
from models.learners.views import View, Views

LINEAR, BOOSTED = "linear", "boosted"
FIRST_PENALTY = 0.1
_GAP_WIDTH = 2.0  # log hazard ratio of a gap, all but free: trees must not find more


@dataclass(frozen=True)
class Outcome:
    """One cause as a learner sees it: who had it, and when each patient's follow-up ended.

    ``timed`` is False for a cohort that records only a yes or no by a fixed horizon. ``start``:
    (n,) when it began, None where entry was not delayed; ``weight``: (n,), None where all are 1;
    ``own``: of the own events, where they weigh otherwise.
    """

    time: FloatArray
    occurred: npt.NDArray[np.bool_]
    timed: bool
    start: FloatArray | None = None
    weight: FloatArray | None = None
    own: OwnWeights | None = None

    @property
    def is_adjusted(self) -> bool:
        """Whether risk sets are other than those of the times alone."""
        return self.start is not None or self.weight is not None

    def sets(self, rows: npt.NDArray[np.intp] | None = None) -> RiskSets:
        """The risk sets of the patients at these positions, of all where None."""
        return RiskSets(self.time, self.occurred, rows, self.start, self.weight, self.own)

    @property
    def damping(self) -> float:
        """By how much slopes count when gaps are weighed.

        A mean hazard lies half the variance of its margin above the hazard at the mean margin; of
        log odds only the share 1 - 2p of that is left, p being the share with the event.
        """
        if self.timed:
            return 1.0
        share = np.average(self.occurred, weights=self.weight)
        return float(np.sqrt(max(0.0, 1.0 - 2.0 * share)))


@dataclass(frozen=True)
class FittedLinear:
    """The linear part, its path and its out-of-fold margins (n,).

    ``margins``: (n,) of everybody by the part of each fold and, last, by that of everyone.
    ``believed``: the regression on everyone, from which the posterior follows.
    """

    part: LinearPart
    path: TrustPath
    out_of_fold: FloatArray
    margins: tuple[FloatArray, ...]
    believed: Believed


@dataclass(frozen=True)
class FittedBoosted:
    """The boosted part, its path and its out-of-fold margins."""

    part: BoostedPart
    path: BoostingPath

    @property
    def out_of_fold(self) -> FloatArray:
        """Margins (n,) of those left out."""
        return self.path.out_of_fold


@dataclass
class FittedCause:
    """The parts of one cause; none for a competing event too rare to be modelled."""

    name: str
    outcome: Outcome
    parts: dict[str, FittedLinear | FittedBoosted] = field(default_factory=dict)


@dataclass(frozen=True)
class LinearBudget:
    """What the linear part believes of each feature, and how far it may be trusted."""

    priors: Priors
    trusts: Sequence[Trust]

    @property
    def first(self) -> Trust:
        """Of the fit by whose slopes gaps are weighed."""
        known = any(trust.mean for trust in self.trusts)
        return Trust(1.0, 1.0) if known else Trust(penalty=FIRST_PENALTY)


def fit_linear_part(
    views: Views,
    name: str,
    outcome: Outcome,
    directions: Sequence[int],
    budget: LinearBudget,
    pool: Executor,
) -> FittedLinear:
    """Choose how far to trust the prior by cross-validation, then fit on all patients.

    What gaps leave open enters every fit as an offset, weighed by the slopes of a first fit that
    knows of none; so an indicator of missingness tells only what is more than chance.
    """
    task = _regression_task(outcome)
    of_features = np.array(directions, np.int8)

    def regress(view: View, fold: Fold | None) -> tuple[Believed, FloatArray]:
        values = view.design.terms(view.seen)
        terms = Terms(values, view.design.limits(of_features), np.zeros(len(values)))
        prior = term_prior(view.design, views.feature_names, budget.priors, name)
        first = Believed(task.on(terms, fold), prior)
        used = view.completion.used
        slopes = first.fit(budget.first)[: len(used)] * outcome.damping
        by_pattern = view.completion.gap_terms(view.seen.gaps, slopes).sum(axis=1)
        given = first.regression.given(by_pattern[view.seen.gaps.pattern])
        return replace(first, regression=given), slopes

    def part_of(view: View, coefficients: FloatArray, slopes: FloatArray) -> LinearPart:
        along = of_features[view.completion.used]
        return LinearPart(view.design, coefficients, slopes, along)

    everyone, slopes = regress(views.everyone, None)
    regressed = list(pool.map(regress, views.of_folds, views.folds))
    path = choose_trust(everyone, [believed for believed, _ in regressed], budget.trusts, pool)
    margins = [
        part_of(view, beta, of_fold).margin(view.seen)
        for view, beta, (_, of_fold) in zip(views.of_folds, path.of_folds, regressed, strict=True)
    ]
    out_of_fold = np.zeros(len(outcome.time))
    for margin, (_, left_out) in zip(margins, views.folds, strict=True):
        out_of_fold[left_out] = margin[left_out]
    part = part_of(views.everyone, path.coefficients, slopes)
    margins.append(part.margin(views.everyone.seen))
    return FittedLinear(part, path, out_of_fold, tuple(margins), everyone)


def _regression_task(outcome: Outcome) -> CoxTask | LogisticTask:
    if not outcome.timed:
        return LogisticTask(outcome.occurred, outcome.weight)
    return CoxTask(outcome.time, outcome.occurred, outcome.start, outcome.weight, outcome.own)


def credit_gaps(
    views: Views, outcome: Outcome, margins: Sequence[FloatArray] | None, pool: Executor
) -> tuple[FloatArray, ...]:
    """Margins (n,) of each fold's view and of everyone's, with all that a gap tells of the hazard.

    Trees see a gap at the feature's mean, where hardly anybody else is: they would learn who has
    it, and tell it of every patient of a file that lacks the column. Grown on top of these margins
    they find nothing more to learn there (docs/decisions/0014). ``margins``: 0 where None.
    """
    task = _regression_task(outcome)

    def credit(view: View, fold: Fold | None, margin: FloatArray) -> FloatArray:
        values = view.design.indicators(view.seen.gaps)[view.seen.gaps.pattern]
        n_gaps = values.shape[1]
        if not n_gaps:
            return margin
        unlimited = Limits(np.zeros((0, n_gaps)), np.zeros(0, np.intp))
        terms = Terms(values, unlimited, margin)
        free = Gaussian.ridge(n_gaps, _GAP_WIDTH**-2.0)
        return terms.margin(task.on(terms, fold).fit(free, None, np.zeros(n_gaps, bool)))

    of_views, folds = (*views.of_folds, views.everyone), (*views.folds, None)
    below = [np.zeros(len(outcome.time))] * len(of_views) if margins is None else margins
    return tuple(pool.map(credit, of_views, folds, below))


@dataclass(frozen=True)
class BoostingBudget:
    """What boosting may spend: XGBoost's settings, rounds, patience, trials, engine."""

    defaults: Mapping[str, Any]
    max_rounds: int
    early_stopping_rounds: int
    n_trials: int
    engine: Mapping[str, Any]
    seed: int


def boosting_task(
    outcome: Outcome,
    directions: Sequence[int],
    engine: Mapping[str, Any],
    below: Sequence[FloatArray] | None = None,
) -> BoostingTask:
    """What XGBoost is to learn of one cause, on top of the margins ``below``, if any."""
    if outcome.timed:
        label = np.where(outcome.occurred, outcome.time, -outcome.time)
    else:
        label = outcome.occurred.astype(np.float64)
    return BoostingTask(
        label,
        COX if outcome.timed else LOGISTIC,
        tuple(directions),
        below,
        engine,
        outcome.weight,
        outcome.sets if outcome.timed and outcome.is_adjusted else None,
    )


def fit_boosted_part(
    binned: Binned,
    outcome: Outcome,
    directions: Sequence[int],
    budget: BoostingBudget,
    pool: Executor,
    below: Sequence[FloatArray] | None = None,
) -> FittedBoosted:
    """Choose settings and rounds by cross-validation, then fit on all patients.

    ``below``: the margins (n,) that trees are grown on top of, of each fold and of everyone; what
    gaps tell is added to them.
    """
    given = credit_gaps(binned.views, outcome, below, pool)
    task = boosting_task(outcome, directions, budget.engine, given)
    paths = [
        cross_validate_rounds(
            task, binned.of_folds, tuned, budget.max_rounds, budget.early_stopping_rounds, pool
        )
        for tuned in candidate_settings(budget.defaults, budget.n_trials, budget.seed)
    ]
    best = min(paths, key=lambda path: path.loss)
    return FittedBoosted(fit_boosted(task, binned, best), best)
