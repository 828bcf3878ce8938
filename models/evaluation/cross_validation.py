"""The whole recipe fitted again and again: each patient's risk from a model that never saw it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.disclosure import is_small, tell_count
from features.endpoint import Endpoint
from features.splits import Positions, cross_validation_folds
from models.metrics.calibration.level_and_slope import observed_over_expected
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp

Derive = Callable[[Any], "RiskEstimator"]
Predicted = tuple[dict[str, tuple[FloatArray, FloatArray]], FloatArray]


class RiskEstimator(Protocol):
    """What can be cross-validated: the model, its comparators, a reference score."""

    def fit(self, X: pd.DataFrame, endpoint: Endpoint) -> Self:
        """Learn from features (n, p) and their endpoint."""

    def predict_risk(self, X: pd.DataFrame, horizons: Sequence[float]) -> FloatArray:
        """Risk (n, h) by each horizon (years); takes a third, ``start``, after delayed entry."""


@dataclass(frozen=True)
class HeldOutPredictions:
    """``risks`` {model: (n, h)}, ``margins`` {model: (n,)} of the event, ``fold`` (n,).

    A patient whom no fold held out has NaN and fold -1; a model without margins has NaN.
    Margins of different folds have different baselines: pool risks, not margins. ``refits``:
    (folds, m, h) risks of the same m patients by the first model of every fold.
    """

    risks: dict[str, FloatArray]
    margins: dict[str, FloatArray]
    fold: npt.NDArray[np.intp]
    refits: FloatArray


def cross_validate(
    build_models: Mapping[str, Callable[[], RiskEstimator]],
    X: pd.DataFrame,
    endpoint: Endpoint,
    horizons: Sequence[float],
    folds: int | Iterable[tuple[Positions, Positions]],
    seed: int = 0,
    derived: Mapping[str, tuple[str, Derive]] | None = None,
    report: Callable[[int], None] | None = None,
    pool: Executor | None = None,
    shown: Positions | None = None,
) -> HeldOutPredictions:
    """Held-out risk by each horizon (years) per patient and model; all models share the folds.

    ``folds``: pairs (fit, validate) of positions, or a number of random folds dealt by ``seed``
    and patient id. ``derived`` {model: (source, function)} makes a model from one already fitted
    in the fold, e.g. a part of the stack, without fitting it again. ``report`` is called with
    each fold's number when it is done. ``shown``: positions (m,) of patients whom the first model
    of every fold is asked about besides, held out or not, to see how far refits agree; None for
    nobody. Every step that learns must sit inside the estimators.
    With a ``pool`` of processes folds are fitted side by side, to the same results; everything
    given must then be picklable.

    After delayed entry risks are given that the patient is event-free at entry, and NaN where the
    horizon then lies beyond what the fold's model knows.

    Raises ValueError where a patient is held out twice (average nothing over repeats: it would
    flatter) or is in both parts of a fold.
    """
    if isinstance(folds, int):
        folds = cross_validation_folds(endpoint, folds, seed, patient_ids=X.index)
    given = list(folds)
    held_out = np.concatenate([validate for _, validate in given])
    overlaps = any(np.intersect1d(fit, validate).size for fit, validate in given)
    if overlaps or len(np.unique(held_out)) < len(held_out):
        raise ValueError("a patient may be held out once, and never where it is fitted on")
    names = [*build_models, *(derived or {})]
    risks = {name: np.full((len(X), len(horizons)), np.nan) for name in names}
    margins = {name: np.full(len(X), np.nan) for name in names}
    fold = np.full(len(X), -1, dtype=np.intp)
    asked = np.zeros(0, np.intp) if shown is None else shown
    refits = np.full((len(given), len(asked), len(horizons)), np.nan)
    recipe = _Recipe(build_models, derived or {}, X, endpoint, tuple(horizons), asked)
    made = map(recipe.predict, given) if pool is None else pool.map(recipe.predict, given)
    for number, (predicted, of_shown) in enumerate(made):
        validate, refits[number] = given[number][1], of_shown
        fold[validate] = number
        for name, (risk, margin) in predicted.items():
            risks[name][validate], margins[name][validate] = risk, margin
        if report is not None:
            report(number)
    return HeldOutPredictions(risks, margins, fold, refits)


@dataclass(frozen=True)
class _Recipe:
    """What one fold needs."""

    build_models: Mapping[str, Callable[[], RiskEstimator]]
    derived: Mapping[str, tuple[str, Derive]]
    X: pd.DataFrame
    endpoint: Endpoint
    horizons: tuple[float, ...]
    shown: Positions

    def predict(self, fold: tuple[Positions, Positions]) -> Predicted:
        """Risk (n, h) and margin (n,) of the held-out by model; risk (m, h) of the ``shown``."""
        fit, validate = fold
        X, endpoint = self.X.iloc[fit], self.endpoint.take(fit)
        fitted = {name: build().fit(X, endpoint) for name, build in self.build_models.items()}
        for name, (source, derive) in self.derived.items():
            fitted[name] = derive(fitted[source])
        rest, held_out = self.X.iloc[validate], self.endpoint.take(validate)
        asked = self.X.iloc[self.shown]
        found = {
            name: (
                predict_entered(model, rest, self.horizons, held_out),
                _event_margin(model, rest),
            )
            for name, model in fitted.items()
        }
        if asked.empty:
            return found, np.zeros((0, len(self.horizons)))
        first = next(iter(fitted.values()))
        return found, predict_entered(first, asked, self.horizons, self.endpoint.take(self.shown))


def predict_entered(
    model: Any, X: pd.DataFrame, horizons: Sequence[float], endpoint: Endpoint
) -> FloatArray:
    """Risk (n, h) by each horizon (years); after delayed entry from each patient's entry on."""
    given = (endpoint.entered,) if endpoint.is_delayed else ()
    risk: FloatArray = model.predict_risk(X, horizons, *given)
    return risk


def _event_margin(model: Any, X: pd.DataFrame) -> FloatArray:
    if not callable(getattr(model, "predict_margin", None)):
        return np.full(len(X), np.nan)
    margin: FloatArray = np.asarray(model.predict_margin(X), dtype=np.float64)[:, 0]
    return margin


def measure_folds(
    predictions: HeldOutPredictions, endpoint: Endpoint, horizons: Sequence[float]
) -> pd.DataFrame:
    """Fold by fold: model, fold, horizon, n, events, c_index (Harrell), observed_over_expected.

    NaN where a fold's follow-up ends before the horizon. Within a fold one fitted model ranks all
    patients, so the mean over folds is free of differences between the folds' models. ``n`` and
    ``events`` are texts, told in tens, and no ratio tells how many 1 to 9 events are: a fold may be
    a site.
    """
    rows = []
    for number in range(predictions.fold.max() + 1):
        held_out = predictions.fold == number
        follow_up = FollowUp.of(endpoint.take(held_out))
        for name, risk in predictions.risks.items():
            for k, horizon in enumerate(horizons):
                events = int(follow_up.has_event_by(horizon).sum())
                inside = horizon <= follow_up.longest_horizon()
                own = risk[held_out, k]
                c = harrell_c(follow_up, own, horizon) if inside else np.nan
                may_tell = inside and not is_small(events)
                ratio = observed_over_expected(follow_up, own, horizon) if may_tell else np.nan
                sizes = tell_count(len(follow_up.time)), tell_count(events)
                rows.append([name, number + 1, float(horizon), *sizes, c, ratio])
    columns = ["model", "fold", "horizon", "n", "events", "c_index", "observed_over_expected"]
    return pd.DataFrame(rows, columns=columns)
