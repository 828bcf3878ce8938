"""The risk model as scikit-learn's estimators are: any table of numbers, any usual ``y``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from features.array_types import FloatArray
from features.derivation.catalogue import CATALOGUE
from features.dictionary.prior import Priors
from models.estimator.explained import Explained
from models.estimator.target import read_target
from models.explanation.explainer import Explainer
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp
from models.risk.risk_model import RiskModel


class RiskEstimator(BaseEstimator):  # type: ignore[misc]
    """Absolute risk of the event, competing events allowed for, with scikit-learn's methods.

    Parameters
    ----------
    model : RiskModel to be cloned and fitted; its parameters are reached as ``model__max_depth``.
        None: the defaults, with the directions that the catalogue of features knows.
    horizon : years by which `predict` gives the risk; None: the end of the training follow-up.

    Attributes
    ----------
    model_ : the fitted RiskModel; n_features_in_, feature_names_in_ : as in scikit-learn.
    """

    def __init__(self, model: RiskModel | None = None, *, horizon: float | None = None) -> None:
        self.model = model
        self.horizon = horizon

    def fit(self, X: Any, y: Any) -> Self:
        """Fit on numbers (n, p), missing ones allowed, and any ``y`` that `read_target` reads.

        Raises CohortError and TooFewEventsError, which name no patient's time.
        """
        features = self._table(X, reset=True)
        if y is None:
            raise ValueError("RiskEstimator requires y to be passed, but the target y is None")
        endpoint = read_target(y)
        if len(endpoint) != len(features):
            raise ValueError(f"X has {len(features)} patients, y has {len(endpoint)}")
        model = (
            RiskModel(monotone=known_directions(), priors=known_priors())
            if self.model is None
            else clone(self.model)
        )
        self.model_ = model.fit(features, endpoint)
        return self

    def predict(self, X: Any) -> FloatArray:
        """(n,) risk of the event by ``horizon``, a fraction; the higher, the sooner expected."""
        return self.predict_cumulative_incidence(X, [self._years()])[:, 0]

    def score(self, X: Any, y: Any) -> float:
        """Harrell's C of the predicted risks, competing events allowed for; 0.5 is chance."""
        return harrell_c(FollowUp.of(read_target(y)), self.predict(X))

    def predict_cumulative_incidence(self, X: Any, times: Sequence[float]) -> FloatArray:
        """(n, t) risk of the event by each of the times (years)."""
        features = self._table(X, reset=False)
        return np.asarray(self.model_.predict_risk(features, list(times)))

    def predict_survival_function(self, X: Any, times: Sequence[float]) -> FloatArray:
        """(n, t) probability of having had neither event nor competing event by each time."""
        features = self._table(X, reset=False)
        causes = self.model_.predict_cumulative_incidence(features, list(times))
        return np.asarray(1.0 - causes.sum(axis=2))

    def explain(self, X: Any, background: Any = None) -> Explained:
        """Contributions of each feature to each patient's risk by ``horizon``, additive to 1e-6.

        ``background``: the patients they are counted from, best those trained on; by default X.
        """
        features = self._table(X, reset=False)
        others = features if background is None else self._table(background, reset=False)
        explainer = Explainer.fit(self.model_.predictor_, others, [self._years()])
        return Explained.of(explainer.explain(features, self._years()), features)

    def _years(self) -> float:
        check_is_fitted(self, "model_")
        if self.horizon is not None:
            return float(self.horizon)
        return float(self.model_.predictor_.link.max_horizon)

    def _table(self, X: Any, reset: bool) -> pd.DataFrame:
        """(n, p) as float64 with names; those of an array are made up."""
        if not reset:
            check_is_fitted(self, "model_")
        index = X.index if isinstance(X, pd.DataFrame) else None
        values = validate_data(
            self,
            X,
            reset=reset,
            dtype=np.float64,
            ensure_all_finite="allow-nan",
            ensure_min_samples=2 if reset else 1,
        )
        made_up = [f"x{place}" for place in range(values.shape[1])]
        return pd.DataFrame(values, index, getattr(self, "feature_names_in_", made_up))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        tags.target_tags.positive_only = True
        return tags


def known_priors() -> Priors:
    """What is published of the features that calcirisk derives."""
    from features.dictionary.dictionary import Dictionary
    from features.dictionary.published_priors import load_priors

    return load_priors(Dictionary.load())


def known_directions() -> dict[str, int]:
    """Feature of the catalogue -> the direction in which it may only move risk."""
    return {feature.name: feature.monotone for feature in CATALOGUE if feature.monotone}
