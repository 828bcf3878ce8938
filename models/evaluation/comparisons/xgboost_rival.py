"""XGBoost as it is usually run, for the model to be set beside.

It has the patients, the settings and the directions of the model's own trees, and none of what the
model adds to these: it grows on no linear part, knows no published effects, sees all features, and
gaps as they are, for which XGBoost learns a way at each split (Chen T and Guestrin C (2016), KDD,
785-794, section 3.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.endpoint import AGE, EVENT, Endpoint
from features.splits import cross_validation_folds
from models.learners.penalised_logistic import balancing_intercept
from models.learners.trees.binned import BinnedFold, bin_values
from models.learners.trees.boosting import cross_validate_rounds, grow_booster
from models.risk.absolute_risk import CompetingRisksLink, FixedHorizonLink, Link
from models.risk.baseline import fit_baseline
from models.risk.cause_fitting import boosting_task
from models.risk.risk_model import MINIMUM_COMPETING
from models.risk.sampling import causes_of

_N_KNOTS = 100


@dataclass
class XGBoostRival:
    """A `RiskEstimator`: XGBoost for each cause, and baseline hazards from out-of-fold margins.

    ``settings`` are those of XGBoost, ``directions`` {feature: -1 or 1} of the event; rounds are
    chosen by cross-validation. A cohort that records a yes or no is learnt by the logistic
    objective, its level from the same margins.
    """

    settings: Mapping[str, Any]
    directions: Mapping[str, int]
    max_rounds: int
    patience: int
    n_folds: int
    n_threads: int
    seed: int
    link_: Link = field(init=False)

    def fit(self, X: pd.DataFrame, endpoint: Endpoint) -> Self:
        """Learn from features (n, p), gaps as they are, and the endpoint of the same patients.

        Where the time scale is age, time counts from entry here, and age is a feature, as usual.
        """
        self._since_entry, endpoint = endpoint.time_scale == AGE, endpoint.from_entry()
        values = X.to_numpy(np.float32)
        split = cross_validation_folds(endpoint, self.n_folds, self.seed, patient_ids=X.index)
        of_folds = [BinnedFold.of(values, fold) for fold in split]
        everyone = bin_values(values)
        engine = {"nthread": 1, "seed": self.seed}
        self.boosters_: list[Any] = []
        self.centres_: list[float] = []
        out_of_fold = []
        with ThreadPoolExecutor(self.n_threads) as pool:
            for cause in causes_of(endpoint):
                if cause.name == "competing" and cause.outcome.occurred.sum() < MINIMUM_COMPETING:
                    self.boosters_.append(None)
                    self.centres_.append(0.0)
                    out_of_fold.append(np.zeros(len(X)))
                    continue
                known = self.directions if cause.name == "event" else {}
                along = [known.get(str(name), 0) for name in X.columns]
                task = boosting_task(cause.outcome, along, engine)
                path = cross_validate_rounds(
                    task, of_folds, self.settings, self.max_rounds, self.patience, pool
                )
                booster = grow_booster(task, everyone, path)
                self.boosters_.append(booster)
                self.centres_.append(float(_output(booster, values).mean()))
                out_of_fold.append(path.out_of_fold)
        if endpoint.horizon is not None:
            level = balancing_intercept(out_of_fold[0], endpoint.event == EVENT, endpoint.weight)
            self.link_ = FixedHorizonLink(endpoint.horizon, level)
        else:
            baseline = fit_baseline(endpoint, np.stack(out_of_fold, axis=1), _N_KNOTS)
            self.link_ = CompetingRisksLink(baseline, endpoint.time_scale)
        return self

    def predict_risk(
        self, X: pd.DataFrame, horizons: Sequence[float], start: FloatArray | None = None
    ) -> FloatArray:
        """Risk (n, h) by each horizon (years), from ``start`` (n,) on."""
        begun = None if self._since_entry else start
        return self.link_.risk(self.predict_margin(X), horizons, begun)

    def predict_margin(self, X: pd.DataFrame) -> FloatArray:
        """Margins (n, k) of each cause, relative to the mean of the patients fitted on."""
        values = X.to_numpy(np.float32)
        return np.stack(
            [
                np.zeros(len(X)) if booster is None else _output(booster, values) - centre
                for booster, centre in zip(self.boosters_, self.centres_, strict=True)
            ],
            axis=1,
        )


def _output(booster: Any, values: FloatArray | np.ndarray) -> FloatArray:
    raw = booster.inplace_predict(values, predict_type="margin", validate_features=False)
    return np.asarray(raw, np.float64)
