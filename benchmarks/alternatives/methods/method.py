"""What a method is: it fits features to an endpoint within a budget and predicts risk by time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.endpoint import Endpoint
from features.splits import cross_validation_folds

Rows = npt.NDArray[np.intp]
Setting = TypeVar("Setting")
Fitted = TypeVar("Fitted")

SHARE_FOR_TUNING = 0.7


class Method(Protocol):
    """Fits and predicts. A new object is made for every cell."""

    def fit(self, X: pd.DataFrame, endpoint: Endpoint, times: FloatArray, budget: Budget) -> None:
        """Fit on features (n, p), NaN where unknown; risk will be asked for at ``times``."""

    def predict_risk(self, X: pd.DataFrame, times: FloatArray) -> FloatArray:
        """Risk of the event (n, t) by each of ``times``."""


@dataclass
class Budget:
    """Trials of tuning, the same for all; what a cell may cost; and what was used of it.

    A trial is one setting. What a single fit finds on the way (a path of penalties, the round to
    stop boosting at) is no trial of its own.
    """

    n_trials: int = 6
    n_folds: int = 3
    seed: int = 0
    cpu_seconds: float = 300.0
    trials_done: int = 0
    chosen: dict[str, object] = field(default_factory=dict)
    _started: float = field(default_factory=time.process_time)

    def used(self) -> float:
        """CPU seconds since the cell began."""
        return time.process_time() - self._started

    def folds(self, endpoint: Endpoint) -> list[tuple[Rows, Rows]]:
        """The inner folds, alike for every method."""
        return list(cross_validation_folds(endpoint, self.n_folds, self.seed))

    def affords(self, seconds: float) -> bool:
        """Whether tuning may go on for that long and leave time for the final fit."""
        return self.used() + seconds < SHARE_FOR_TUNING * self.cpu_seconds


def search(
    settings: Sequence[Setting],
    fit: Callable[[Setting, Rows | None], Fitted],
    loss: Callable[[Fitted, Rows], float],
    endpoint: Endpoint,
    budget: Budget,
) -> Fitted:
    """The fit on all patients of the setting with the least cross-validated loss.

    ``settings`` begins with what the authors recommend. That is fitted first; where the time it
    took leaves no room to try two settings in every fold, it is the answer.
    """
    start = budget.used()
    recommended = fit(settings[0], None)
    one_trial = (budget.used() - start) * (budget.n_folds - 1)
    budget.chosen = {"setting": str(settings[0])}
    if len(settings) < 2 or not budget.affords(3 * one_trial):
        budget.trials_done = 1
        return recommended
    losses: list[float] = []
    folds = budget.folds(endpoint)
    for setting in settings[: budget.n_trials]:
        if len(losses) >= 2 and not budget.affords(2 * one_trial):
            break
        held_out = [loss(fit(setting, rows), validate) for rows, validate in folds]
        losses.append(float(np.mean(held_out)))
    budget.trials_done = len(losses)
    best = int(np.argmin(losses))
    budget.chosen = {"setting": str(settings[best])}
    return recommended if best == 0 else fit(settings[best], None)


def draw(
    recommended: dict[str, float | int | str],
    ranges: dict[str, tuple[float, float, str]],
    budget: Budget,
) -> list[dict[str, float | int | str]]:
    """The recommended setting and random ones: name -> (low, high, "log" | "linear" | "whole")."""
    random = np.random.default_rng(budget.seed)

    def drawn() -> Iterator[tuple[str, float | int]]:
        for name, (low, high, scale) in ranges.items():
            if scale == "log":
                yield name, float(np.exp(random.uniform(np.log(low), np.log(high))))
            elif scale == "whole":
                yield name, int(random.integers(int(low), int(high) + 1))
            else:
                yield name, float(random.uniform(low, high))

    return [recommended] + [recommended | dict(drawn()) for _ in range(budget.n_trials - 1)]
