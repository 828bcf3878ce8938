"""The risk model as scikit-learn's estimators are: any table of numbers, any usual ``y``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils import Tags
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from features.array_types import BoolArray, FloatArray
from features.derivation.catalogue import CATALOGUE
from features.dictionary.prior import Priors
from features.endpoint import AGE, SINCE_ENTRY, Endpoint
from features.errors import CohortError, HorizonError, Problem
from features.sample.survey import Survey
from models.estimator.explained import Explained
from models.estimator.target import read_target
from models.explanation.explainer import Explainer
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp
from models.risk.absolute_risk import CompetingRisksLink
from models.risk.conditional_risk import incidence_from
from models.risk.risk_model import RiskModel


class RiskEstimator(BaseEstimator):  # type: ignore[misc]
    """Absolute risk of the event, competing events allowed for, with scikit-learn's methods.

    Parameters
    ----------
    model : RiskModel to be cloned and fitted; its parameters are reached as ``model__max_depth``.
        None: the defaults, with the directions that the catalogue of features knows.
    horizon : years by which `predict` gives the risk; None: the end of the training follow-up,
        which on the scale of age is no horizon, so that one has to be named.
    time_scale : what the clock of a ``y`` with a start of observation counts: "entry" for the
        origin of its times, "age" for ages. An Endpoint as ``y`` says so itself.
    any_death : whether the event is death from any cause, so that nothing competes and what is
        published of other deaths counts (docs/decisions/0083). An Endpoint may say so itself.

    Attributes
    ----------
    model_ : the fitted RiskModel; n_features_in_, feature_names_in_ : as in scikit-learn.
    """

    def __init__(
        self,
        model: RiskModel | None = None,
        *,
        horizon: float | None = None,
        time_scale: str = SINCE_ENTRY,
        any_death: bool = False,
    ) -> None:
        self.model = model
        self.horizon = horizon
        self.time_scale = time_scale
        self.any_death = any_death

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit on numbers (n, p), missing ones allowed, and any ``y`` that `read_target` reads.

        ``sample_weight``: (n,) how many patients each stands for, 0 for who is left out. Raises
        CohortError and TooFewEventsError, which name no patient's time.
        """
        features = self._table(X, reset=True)
        if y is None:
            raise ValueError("RiskEstimator requires y to be passed, but the target y is None")
        endpoint = read_target(y, self.time_scale)
        if self.any_death:
            endpoint = replace(endpoint, any_death=True)
        if len(endpoint) != len(features):
            raise ValueError(f"X has {len(features)} patients, y has {len(endpoint)}")
        counted, endpoint = _weigh(endpoint, sample_weight)
        features = features[counted]
        model = (
            RiskModel(monotone=known_directions(), priors=known_priors())
            if self.model is None
            else clone(self.model)
        )
        self.model_ = model.fit(features, endpoint)
        return self

    def predict(self, X: Any, start: Any = None) -> FloatArray:
        """(n,) risk of the event by ``horizon``, a fraction; the higher, the sooner expected."""
        return self.predict_cumulative_incidence(X, [self._years()], start)[:, 0]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Harrell's C of the predicted risks, competing events allowed for; 0.5 is chance.

        After delayed entry, of the risks from each patient's entry on, of those known that far.
        """
        features = self._table(X, reset=False)
        counted, endpoint = _weigh(read_target(y, self.time_scale), sample_weight)
        start = endpoint.entered if endpoint.is_delayed else None
        risk = self.model_.predict_risk(features[counted], [self._years()], start)[:, 0]
        known = np.isfinite(risk)
        return harrell_c(FollowUp.of(endpoint.take(known)), risk[known])

    def predict_cumulative_incidence(
        self, X: Any, times: Sequence[float], start: Any = None
    ) -> FloatArray:
        """(n, t) risk of the event by each of the times (years).

        ``start``: years on the clock of ``y``, such as ages, at which each patient is event-free,
        one for all or (n,); the times count from there. NaN beyond what is known.
        """
        features = self._table(X, reset=False)
        begun = _starts(start, len(features))
        return np.asarray(self.model_.predict_risk(features, list(times), begun))

    def predict_survival_function(
        self, X: Any, times: Sequence[float], start: Any = None
    ) -> FloatArray:
        """(n, t) probability of having had neither event nor competing event by each time."""
        features = self._table(X, reset=False)
        begun = _starts(start, len(features))
        causes = self.model_.predict_cumulative_incidence(features, list(times), begun)
        return np.asarray(1.0 - causes.sum(axis=2))

    def predict_lifetime(self, X: Any, start: Any, until: float) -> pd.DataFrame:
        """What the years from ``start`` to ``until``, both on the clock of ``y``, hold.

        Columns: risk of the event, ``competing`` of the competing event before it, and ``years``
        free of both that are to be expected. On the scale of age, ``start`` is the age at which a
        patient is event-free, and ``until`` the one up to which life is looked at. NaN beyond what
        is known. Hazards are those of the patients fitted on, at the ages they had.
        """
        features = self._table(X, reset=False)
        link = self.model_.predictor_.link
        if not isinstance(link, CompetingRisksLink):
            raise HorizonError("A yes or no by a fixed horizon tells nothing of a lifetime.")
        begun = _starts(start, len(features))
        assert begun is not None
        ends = np.full((len(features), 1), float(until))
        margins = self.model_.predict_margin(features)
        incidence, years = incidence_from(link.baseline, margins, begun, ends)
        lived = {"risk": incidence[:, 0, 0], "competing": incidence[:, 0, 1:].sum(axis=1)}
        return pd.DataFrame({**lived, "years": years[:, 0]}, index=features.index)

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
        if self.model_.endpoint_.time_scale == AGE:
            # the end of the follow-up is an age, from which no years count
            raise HorizonError("On the scale of age, name a horizon: RiskEstimator(horizon=10).")
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


def _weigh(endpoint: Endpoint, sample_weight: Any) -> tuple[BoolArray, Endpoint]:
    """Who counts (n,), and their endpoint as weighted."""
    everyone = np.ones(len(endpoint), bool)
    if sample_weight is None:
        return everyone, endpoint
    if endpoint.survey is not None:
        rule = "is given beside the weights of the endpoint"
        raise CohortError([Problem("sample_weight", rule, "Give weights once")], "y")
    weight = _check_sample_weight(sample_weight, endpoint.time, dtype=np.float64)
    if negative := int((weight < 0).sum()):
        raise CohortError([Problem("sample_weight", "is negative", "Correct it", negative)], "y")
    counted = weight > 0
    return counted, replace(endpoint.take(counted), survey=Survey(weight[counted]))


def _starts(start: Any, n: int) -> FloatArray | None:
    """(n,) years on the clock at which patients are event-free; None where none were given."""
    if start is None:
        return None
    given = np.asarray(start, np.float64)
    if given.ndim > 1 or (given.ndim == 1 and len(given) != n):
        raise ValueError(f"start must be one number or ({n},), got {given.shape}")
    return np.array(np.broadcast_to(given, (n,)))


def known_priors() -> Priors:
    """What is published of the features that calcirisk derives."""
    from features.dictionary.dictionary import Dictionary
    from features.dictionary.published_priors import load_priors

    return load_priors(Dictionary.load())


def known_directions() -> dict[str, int]:
    """Feature of the catalogue -> the direction in which it may only move risk."""
    return {feature.name: feature.monotone for feature in CATALOGUE if feature.monotone}
