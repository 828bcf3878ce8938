"""Reasons of the methods that are compared: contributions (n, things) to the 10-year risk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from benchmarks.true_reasons.explainable_boosting import ExplainableHazards
from benchmarks.true_reasons.things import THINGS
from benchmarks.true_reasons.world import HORIZON, World
from features.array_types import FloatArray
from features.derivation.catalogue import CATALOGUE
from features.dictionary.dictionary import Dictionary
from features.dictionary.published_priors import load_priors
from models.explanation.explainer import Explainer
from models.risk.risk_model import RiskModel

MONOTONE = {feature.name: feature.monotone for feature in CATALOGUE if feature.monotone}
N_BACKGROUND = 2_000


class RiskPredicting(Protocol):
    """A fitted model."""

    def predict_risk(self, X: pd.DataFrame, horizons: Sequence[float]) -> FloatArray:
        """Risk of the event (n, h)."""


@dataclass(frozen=True)
class Reasoned:
    """A fitted model and what it says of the patients judged on."""

    model: RiskPredicting
    contributions: pd.DataFrame


Reason = Callable[[World, pd.DataFrame, int], Reasoned]


def calcirisk(seed: int) -> RiskModel:
    """The product as it ships."""
    priors = load_priors(Dictionary.load())
    return RiskModel(monotone=MONOTONE, priors=priors, n_threads=1, seed=seed)


def plain_ridge(seed: int) -> RiskModel:
    """The same linear terms and directions, shrunk alike and towards nothing."""
    return RiskModel(
        parts=("linear",), monotone=MONOTONE, means=(), widths=(), n_threads=1, seed=seed
    )


def boosting(seed: int) -> RiskModel:
    """XGBoost alone, with the same directions, explained by SHAP."""
    return RiskModel(parts=("boosted",), monotone=MONOTONE, n_threads=1, seed=seed)


def explained_by_us(build: Callable[[int], RiskModel]) -> Reason:
    """Fit on a world, explain the features (n, p) of the patients judged on."""

    def reason(world: World, judged: pd.DataFrame, seed: int) -> Reasoned:
        model = build(seed).fit(world.features, world.endpoint)
        explainer = Explainer.fit(model.predictor_, _background(world, seed), [HORIZON])
        explanation = explainer.explain(judged, HORIZON)
        names = list(explanation.feature_names)
        values = pd.DataFrame(explanation.values, index=explanation.index, columns=names)
        return Reasoned(model, _by_thing(values))

    return reason


def explainable_boosting(world: World, judged: pd.DataFrame, seed: int) -> Reasoned:
    """interpret's EBM, with the same directions; its own terms, explained in the same way."""
    model = ExplainableHazards(MONOTONE, seed).fit(world.features, world.endpoint)
    return Reasoned(model, _by_thing(model.explain(judged, _background(world, seed), HORIZON)))


def _background(world: World, seed: int) -> pd.DataFrame:
    return world.features.sample(min(N_BACKGROUND, len(world.features)), random_state=seed)


def _by_thing(values: pd.DataFrame) -> pd.DataFrame:
    return values.T.groupby(lambda name: THINGS[name]).sum().T


METHODS: dict[str, Reason] = {
    "calcirisk": explained_by_us(calcirisk),
    "plain ridge": explained_by_us(plain_ridge),
    "XGBoost by SHAP": explained_by_us(boosting),
    "EBM": explainable_boosting,
}
