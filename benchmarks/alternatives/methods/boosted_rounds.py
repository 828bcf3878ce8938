"""Tuning of boosters that stop early: loss, rounds and out-of-fold margins of each setting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.alternatives.methods.method import Budget, Rows
from features.array_types import FloatArray
from features.endpoint import Endpoint

MAX_ROUNDS, PATIENCE = 1000, 30

FoldFit = Callable[[dict[str, Any], Rows, Rows], tuple[float, int, FloatArray]]


@dataclass(frozen=True)
class Rounds:
    """The best setting, its mean rounds, and its held-out margins (n,), centred in each fold."""

    setting: dict[str, Any]
    rounds: int
    margin: FloatArray


def search_rounds(
    settings: Sequence[dict[str, Any]], fit_fold: FoldFit, endpoint: Endpoint, budget: Budget
) -> Rounds:
    """Try the settings in the inner folds; ``fit_fold`` gives loss, rounds, held-out margins."""
    folds = budget.folds(endpoint)
    best_loss, best = np.inf, None
    for number, setting in enumerate(settings[: budget.n_trials]):
        if number and not budget.affords(budget.used() / number):
            break
        losses, rounds, margin = [], [], np.zeros(len(endpoint))
        for rows, validate in folds:
            loss, grown, held_out = fit_fold(setting, rows, validate)
            losses.append(loss)
            rounds.append(grown)
            margin[validate] = held_out
        budget.trials_done = number + 1
        if np.mean(losses) < best_loss:
            best_loss = float(np.mean(losses))
            best = Rounds(setting, max(int(np.mean(rounds)), 1), margin)
    if best is None:
        raise ValueError("no setting had a finite loss")
    budget.chosen = {"setting": str(best.setting), "rounds": best.rounds}
    return best
