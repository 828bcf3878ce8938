"""Training of the boosted part: rounds and settings chosen by cross-validation, nothing refitted.

The out-of-fold margins come from the very boosters that chose the number of rounds. XGBoost's Cox
objective leaves weights out of its risk sets and knows no delayed entry: where there is either,
trees are grown on the derivatives of `models.learners.partial_likelihood`, and judged by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.learners.partial_likelihood import RiskSets, curvature, log_likelihood, residuals
from models.learners.trees.binned import Binned, BinnedFold, threads_for
from models.learners.trees.boosted import BoostedPart
from models.learners.trees.device import CPU
from models.learners.trees.split_points import move_split_points

if TYPE_CHECKING:
    import xgboost

Positions = npt.NDArray[np.intp]
Objective = Callable[[npt.NDArray[Any], object], tuple[FloatArray, FloatArray]]

COX, LOGISTIC = "survival:cox", "binary:logistic"
_STRIDE = 5  # rounds between two looks at the mean loss
_METRIC = {COX: "cox-nloglik", LOGISTIC: "logloss"}


@dataclass(frozen=True)
class BoostingTask:
    """What is learnt: label (n,), the objective and monotone directions (p,).

    The Cox label is the time, negative where the event of this cause did not occur. ``below``: (n,)
    of each fold, and last of everyone, the margin that trees are grown on top of; None for none.
    ``weight``: (n,), 1 where None. ``sets``: makes the risk sets of the patients at some positions,
    of all where None; given where they are other than XGBoost's.
    """

    label: FloatArray
    objective: str
    directions: tuple[int, ...]
    below: Sequence[FloatArray] | None
    engine: Mapping[str, Any]
    weight: FloatArray | None = None
    sets: Callable[[Positions | None], RiskSets] | None = None

    def objective_on(self, rows: Positions | None) -> Objective | None:
        """Gradient and curvature of the patients at these positions; None for XGBoost's own."""
        if self.sets is None:
            return None
        own, sets = rows, self.sets(rows)

        def derive(margin: npt.NDArray[Any], _: object) -> tuple[FloatArray, FloatArray]:
            whole = np.zeros(len(self.label))
            places = slice(None) if own is None else own
            whole[places] = margin
            return -residuals(sets, whole)[places], curvature(sets, whole)[places]

        return derive

    def settings(self, tuned: Mapping[str, Any]) -> dict[str, Any]:
        """Everything that XGBoost is told."""
        return {
            "objective": self.objective,
            "eval_metric": _METRIC[self.objective],
            "tree_method": "hist",
            # else boosters grown by one thread would draw from one stream, in turn
            "seed_per_iteration": True,
            "monotone_constraints": "(" + ",".join(map(str, self.directions)) + ")",
            **self.engine,
            **tuned,
        }


@dataclass(frozen=True)
class BoostingPath:
    """What cross-validation found for one group of settings."""

    settings: Mapping[str, Any]
    rounds: int
    loss: float
    out_of_fold: FloatArray


def cross_validate_rounds(
    task: BoostingTask,
    of_folds: Sequence[BinnedFold],
    tuned: Mapping[str, Any],
    max_rounds: int,
    patience: int,
    pool: Executor,
) -> BoostingPath:
    """Grow one booster per fold in step until the mean loss has not improved for ``patience``."""
    grown = [
        _FoldBooster(task, of_fold, tuned, None if task.below is None else task.below[position])
        for position, of_fold in enumerate(of_folds)
    ]
    best_loss, best_round, loss = np.inf, 0, np.zeros(0)
    # a GPU takes the folds one after another
    map_folds = pool.map if task.engine.get("device", CPU) == CPU else map
    for start in range(0, max_rounds, _STRIDE):
        stride = range(start, min(start + _STRIDE, max_rounds))
        losses = list(map_folds(lambda booster: booster.grow(stride), grown))  # noqa: B023
        loss = np.concatenate([loss, np.mean(losses, axis=0)])
        best_round = int(np.argmin(loss))
        best_loss = float(loss[best_round])
        if len(loss) - 1 - best_round >= patience:
            break
    out_of_fold = np.zeros(len(task.label))
    for booster in grown:
        out_of_fold[booster.binned.fold[1]] = booster.centred_margin(best_round + 1)
    return BoostingPath(tuned, best_round + 1, best_loss, out_of_fold)


class _FoldBooster:
    """The booster of one fold. One thread each: the folds themselves run side by side."""

    def __init__(
        self,
        task: BoostingTask,
        binned: BinnedFold,
        tuned: Mapping[str, Any],
        below: FloatArray | None,
    ) -> None:
        from xgboost import Booster

        self.binned, self._below = binned, below
        # XGBoost's own Cox objective would leave weights out of its risk sets
        binned.label(task.label, below, None if task.objective == COX else task.weight)
        settings = {**task.settings(tuned), "nthread": 1}
        self.booster = Booster(settings, cache=[binned.fit, binned.left_out])
        fit_rows, left_out = binned.fold
        self._derive = task.objective_on(fit_rows)
        self._held_out = None if task.sets is None else task.sets(left_out)
        self._n = len(task.label)

    def grow(self, rounds: range) -> FloatArray:
        """The held-out loss after each of these rounds."""
        losses = []
        for current in rounds:
            self.booster.update(self.binned.fit, current, self._derive)
            losses.append(self._lose(current))
        return np.array(losses)

    def _lose(self, current: int) -> float:
        """Minus the log likelihood per event, or per patient, of those left out."""
        if self._held_out is None:
            printed = self.booster.eval_set([(self.binned.left_out, "v")], current)
            return float(printed.rsplit(":", 1)[1])
        whole = np.zeros(self._n)
        whole[self.binned.fold[1]] = self.booster.predict(self.binned.left_out, output_margin=True)
        return -log_likelihood(self._held_out, whole) / self._held_out.n_events

    def centred_margin(self, rounds: int) -> FloatArray:
        """The held-out patients' margin relative to the mean of those fitted on."""
        fitted, margin = (
            np.asarray(
                self.booster.predict(matrix, output_margin=True, iteration_range=(0, rounds)),
                np.float64,
            )
            for matrix in (self.binned.fit, self.binned.left_out)
        )
        if self._below is not None:
            fit_rows, left_out = self.binned.fold
            fitted, margin = fitted - self._below[fit_rows], margin - self._below[left_out]
        return np.asarray(margin - fitted.mean())


def grow_booster(
    task: BoostingTask, matrix: xgboost.DMatrix, path: BoostingPath
) -> xgboost.Booster:
    """The booster of all patients, with the settings and number of rounds of ``path``."""
    import xgboost

    matrix.set_label(task.label)
    # the matrix may have served another task
    matrix.set_base_margin(np.zeros(len(task.label)) if task.below is None else task.below[-1])
    if task.objective != COX and task.weight is not None:
        matrix.set_weight(task.weight)
    settings, n_values = task.settings(path.settings), matrix.num_row() * matrix.num_col()
    settings["nthread"] = threads_for(n_values) or settings["nthread"]
    derive = task.objective_on(None)
    return xgboost.train(settings, matrix, num_boost_round=path.rounds, obj=derive)


def fit_boosted(task: BoostingTask, binned: Binned, path: BoostingPath) -> BoostedPart:
    """The final booster: all patients, the settings and number of rounds of ``path``."""
    view = binned.views.everyone
    booster = move_split_points(grow_booster(task, binned.everyone, path), view.seen.values)
    part = BoostedPart(view.completion, booster, 0.0)
    output = part.output(view.seen.values)
    booster.feature_names = list(binned.views.feature_names)
    return replace(part, offset=float(output.mean()))
