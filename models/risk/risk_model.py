"""The risk model: stacked ridge and boosted margins per cause, joined to an absolute risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from features.array_types import FloatArray
from features.derivation.catalogue import CATALOGUE
from features.dictionary.known_disease import known_among
from features.dictionary.prior import Priors
from features.endpoint import Endpoint
from features.errors import TooFewEventsError
from features.splits import cross_validation_folds
from models.cores import count_cores
from models.learners.prior import Trust
from models.learners.trees.binned import Binned
from models.learners.trees.device import require_device
from models.learners.trust_path import list_trusts
from models.learners.views import Views
from models.risk.calibrated_stack import assemble
from models.risk.cause_fitting import (
    BOOSTED,
    LINEAR,
    BoostingBudget,
    FittedCause,
    LinearBudget,
    fit_boosted_part,
    fit_linear_part,
)
from models.risk.few_events import (
    effective_events,
    warn_of_few_competing,
    warn_of_few_events,
    warn_of_few_per_feature,
    warn_of_fixed_horizon,
)
from models.risk.predictor import RiskPredictor
from models.risk.sampling import causes_of, describe_sample, find_clock

MINIMUM_COMPETING = 20


class RiskModel(BaseEstimator):  # type: ignore[misc]
    """Absolute risk of the event with competing death, from features.

    What is missing of a patient is completed from the rest (`models.learners.completion`). For
    each cause a linear part (ridge Cox on standardised features with missing indicators) and a
    boosted part (monotone XGBoost Cox) are fitted; non-negative weights join them by partial
    likelihood on out-of-fold margins; baseline hazards, events over years lived, from the same
    margins turn them into cumulative incidences. A cohort that records a yes or no by a fixed
    horizon is learnt by the logistic counterparts. Weights of a survey enter every likelihood,
    scaled to the number of patients that they are worth; after delayed entry a patient is in no
    earlier risk set (docs/decisions/0049, 0050; of case-cohort samples 0070). Where the time scale
    is age, the feature "age" says where hazards are read, and no part looks at it (0068).

    Parameters
    ----------
    parts : which of "linear" and "boosted" to use; one alone serves comparison.
    monotone : feature name -> -1 or +1; features not named are free.
    n_folds : folds for penalty, rounds, weights and baselines.
    minimum_events : fewer are refused; 30 suffice where effects are published (docs/reasons.md).
    priors : what is known of the features before any patient is seen, of first and of recurrent
        events, and how many have known disease where X does not show it; None for nothing.
    means, widths : how far means and widths of the prior are trusted: multipliers tried.
    penalties : plain ridge penalties tried in the prior's place, per event.
    max_depth ... reg_lambda : XGBoost's own settings, the first candidate of the tuning.
    max_rounds, early_stopping_rounds : limits of boosting.
    n_trials : further settings of the boosted part that are drawn and tried.
    n_knots : most knots of the baseline hazards.
    n_threads : threads, 0 for all; results do not depend on it.
    device : "cpu" or "cuda": where the boosted part is trained; the rest stays on the CPU.
    seed : of folds, subsampling and tuning.

    Attributes
    ----------
    predictor_ : RiskPredictor; feature_names_in_ : (p,); report_ : what was chosen and why;
    priors_ : what is known among patients such as these.
    """

    def __init__(
        self,
        *,
        parts: Sequence[str] = (LINEAR, BOOSTED),
        monotone: Mapping[str, int] | None = None,
        n_folds: int = 5,
        minimum_events: int = 50,
        priors: Priors | None = None,
        means: Sequence[float] = (1.0, 0.5, 0.0),
        widths: Sequence[float] = (0.25, 0.5, 1.0, 2.0, 4.0),
        penalties: Sequence[float] = (1.0, 0.3, 0.1, 0.03),
        max_depth: int = 3,
        learning_rate: float = 0.05,
        min_child_weight: float = 10.0,
        subsample: float = 0.7,
        colsample_bytree: float = 0.5,
        reg_lambda: float = 5.0,
        max_rounds: int = 600,
        early_stopping_rounds: int = 30,
        n_trials: int = 0,
        n_knots: int = 100,
        n_threads: int = 0,
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self.parts = parts
        self.monotone = monotone
        self.n_folds = n_folds
        self.minimum_events = minimum_events
        self.priors = priors
        self.means = means
        self.widths = widths
        self.penalties = penalties
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.min_child_weight = min_child_weight
        self.subsample = subsample
        self.colsample_bytree = colsample_bytree
        self.reg_lambda = reg_lambda
        self.max_rounds = max_rounds
        self.early_stopping_rounds = early_stopping_rounds
        self.n_trials = n_trials
        self.n_knots = n_knots
        self.n_threads = n_threads
        self.device = device
        self.seed = seed

    def fit(self, X: pd.DataFrame, endpoint: Endpoint) -> Self:
        """Fit on features (n, p), missing values allowed, and the endpoint of the same patients.

        Raises TooFewEventsError below ``minimum_events``; ConfigError where the device is not
        there; CohortError where "age" is not the age that the time scale counts, or another feature
        is; ValueError where lengths differ or a feature is infinite.
        """
        everything, X = X, self._checked_features(X, endpoint)
        self.priors_ = known_among(self.priors, everything, endpoint.weight, endpoint.any_death)
        if BOOSTED in self.parts:
            require_device(self.device)
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        self.endpoint_ = endpoint
        # one BLAS thread: sums in another order would change the last bits with the machine
        with threadpool_limits(limits=1, user_api="blas"), self._pool() as pool:
            dealt = cross_validation_folds(endpoint, self.n_folds, self.seed, patient_ids=X.index)
            # no part learns from what does not vary
            shown = X if self._clock is None else X.assign(**{self._clock: 0.0})
            views = Views.learn(shown, tuple(dealt), pool, self.priors_.modifiers)
            self.completion_, self._views = views.everyone.completion, views
            self._binned = Binned.of(views, self._hidden()) if BOOSTED in self.parts else None
            self.causes_ = [
                self._fit_cause(cause, views, self._binned, pool) for cause in causes_of(endpoint)
            ]
            self._join(tuple(self.parts))
        return self

    def alone(self, part: str) -> RiskModel:
        """This model with one part only, on the same folds.

        Trees that were grown on top of a linear part are grown again without it; of the linear
        part nothing is fitted again but its weight.
        """
        check_is_fitted(self, "predictor_")
        other = RiskModel(**{**self.get_params(), "parts": (part,)})
        other.feature_names_in_ = self.feature_names_in_
        other.endpoint_, other.completion_ = self.endpoint_, self.completion_
        other.priors_, other._clock = self.priors_, self._clock
        with threadpool_limits(limits=1, user_api="blas"), self._pool() as pool:
            if part == BOOSTED and LINEAR in self.parts:
                binned = self._binned or Binned.of(self._views, self._hidden())
                bare = [FittedCause(cause.name, cause.outcome) for cause in self.causes_]
                other.causes_ = [
                    other._fit_cause(cause, self._views, binned, pool) for cause in bare
                ]
            else:
                other.causes_ = self.causes_
            other._join((part,))
        return other

    def predict_risk(
        self, X: pd.DataFrame, horizons: Sequence[float], start: FloatArray | None = None
    ) -> FloatArray:
        """Risk of the event (n, h) by each horizon in years, competing death allowed for.

        ``start``: (n,) years on the clock of the endpoint at which each patient is event-free, from
        which horizons count; NaN where they lead beyond what is known.
        """
        check_is_fitted(self, "predictor_")
        return self.predictor_.risk(X, horizons, start)

    def predict_cumulative_incidence(
        self, X: pd.DataFrame, times: Sequence[float], start: FloatArray | None = None
    ) -> FloatArray:
        """Cumulative incidence (n, t, k) of the event and, second, of the competing event."""
        check_is_fitted(self, "predictor_")
        return self.predictor_.cumulative_incidence(X, times, start)

    def predict_margin(self, X: pd.DataFrame) -> FloatArray:
        """Margins (n, k): log hazard of each cause relative to its baseline."""
        check_is_fitted(self, "predictor_")
        return self.predictor_.margin(X)[:, : len(self.causes_)]

    def _checked_features(self, X: pd.DataFrame, endpoint: Endpoint) -> pd.DataFrame:
        if len(X) != len(endpoint):
            raise ValueError(f"X has {len(X)} patients, the endpoint {len(endpoint)}")
        unknown = set(self.parts) - {LINEAR, BOOSTED}
        if unknown or not self.parts:
            raise ValueError(f"parts must be among 'linear', 'boosted', got {list(self.parts)}")
        if endpoint.n_events < self.minimum_events:
            raise TooFewEventsError(
                f"The cohort holds {endpoint.n_events} events among {len(endpoint)} patients; "
                f"training needs at least {self.minimum_events} (minimum_events). Pool cohorts, "
                "follow up longer, or use a published reference score."
            )
        if endpoint.n_events == len(endpoint) and endpoint.is_fixed_horizon:
            raise TooFewEventsError("Every patient had the event: nobody can be told from others.")
        if np.isinf(X.to_numpy(np.float64)).any():
            raise ValueError("X holds infinite values")
        self._clock = find_clock(X, endpoint)
        varying = [name for name in X.columns if X[name].nunique() > 1]
        if not set(varying) - {self._clock}:
            raise ValueError("No feature varies between patients")
        return X[varying]

    def _pool(self) -> Executor:
        """Threads in which folds run side by side: those asked for, or all that there are."""
        return ThreadPoolExecutor(self.n_threads or count_cores())

    def _fit_cause(
        self, cause: FittedCause, views: Views, binned: Binned | None, pool: Executor
    ) -> FittedCause:
        outcome = cause.outcome
        if cause.name == "competing" and outcome.occurred.sum() < MINIMUM_COMPETING:
            return cause
        # directions are of the event: what raises it need not raise other deaths
        monotone = (self.monotone or {}) if cause.name == "event" else {}
        directions = [int(monotone.get(name, 0)) for name in views.feature_names]
        below = None
        if LINEAR in self.parts:
            budget = LinearBudget(self.priors_, self._trusts(cause.name, views.feature_names))
            linear = fit_linear_part(views, cause.name, outcome, directions, budget, pool)
            cause.parts[LINEAR], below = linear, linear.margins
        if binned is not None:
            cause.parts[BOOSTED] = fit_boosted_part(
                binned, outcome, directions, self._budget(), pool, below
            )
        return cause

    def _trusts(self, cause: str, names: Sequence[str]) -> list[Trust]:
        """Those tried: means only where any is known, sparse effects where columns are own ones."""
        known = replace(self.priors_, any_death=True)  # of any cause
        means = self.means if any(map(known.is_published, known.by_feature)) else (0.0,)
        recurrent = cause == "event" and bool(self.priors_.known_disease)
        own = not {feature.name for feature in CATALOGUE}.issuperset(names)
        return list_trusts(means, self.widths, self.penalties, recurrent, own)

    def _hidden(self) -> frozenset[str]:
        """Features that trees may not see: those without an established effect."""
        return frozenset(filter(self.priors_.is_fixed, self.priors_.by_feature))

    def _budget(self) -> BoostingBudget:
        names = ["max_depth", "learning_rate", "min_child_weight"]
        names += ["subsample", "colsample_bytree", "reg_lambda"]
        engine = {"nthread": self.n_threads, "device": self.device, "seed": self.seed}
        return BoostingBudget(
            {name: getattr(self, name) for name in names},
            self.max_rounds,
            self.early_stopping_rounds,
            self.n_trials,
            engine,
            self.seed,
        )

    def _join(self, parts: tuple[str, ...]) -> None:
        names = tuple(str(name) for name in self.feature_names_in_)
        assembly = assemble(self.causes_, parts, self.endpoint_, self.n_knots, self.n_folds)
        fitted = names, self.completion_, assembly.causes, assembly.link
        self.predictor_ = RiskPredictor(*fitted, clock=self._clock)
        self.report_: dict[str, Any] = {
            "patients": len(self.endpoint_),
            "events": self.endpoint_.n_events,
            "competing_events": self.endpoint_.n_competing,
            **describe_sample(self.endpoint_, assembly.link),
            "features": len(names),
            "events_per_feature": effective_events(self.endpoint_) / len(names),
            "known_disease": self.priors_.known_disease,
            "any_death": self.priors_.any_death,
            **assembly.report,
        }
        warnings = warn_of_few_events(self.report_, names, self.priors_)
        warnings += warn_of_few_per_feature(self.endpoint_, len(names))
        warnings += warn_of_few_competing(self.endpoint_, MINIMUM_COMPETING)
        self.warnings_ = warnings + warn_of_fixed_horizon(self.endpoint_)
