"""Reasons of the methods that are compared: contributions (n, things) to the 10-year risk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from benchmarks.true_reasons.things import THINGS
from benchmarks.true_reasons.world import HORIZON, World
from features.derivation.catalogue import CATALOGUE
from features.dictionary.dictionary import Dictionary
from features.dictionary.published_priors import load_priors
from models.explanation.explainer import Explainer
from models.risk.risk_model import RiskModel

MONOTONE = {feature.name: feature.monotone for feature in CATALOGUE if feature.monotone}
N_BACKGROUND = 2_000


@dataclass(frozen=True)
class Reasoned:
    """A fitted model, its explainer and what it says of the patients judged on."""

    model: RiskModel
    explainer: Explainer
    contributions: pd.DataFrame


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


METHODS: dict[str, Callable[[int], RiskModel]] = {
    "calcirisk": calcirisk,
    "plain ridge": plain_ridge,
    "XGBoost, SHAP": boosting,
}


def reason(build: Callable[[int], RiskModel], world: World, judged: World, seed: int) -> Reasoned:
    """Fit on a world, explain the patients judged on."""
    model = build(seed).fit(world.features, world.endpoint)
    background = world.features.sample(min(N_BACKGROUND, len(world.features)), random_state=seed)
    explainer = Explainer.fit(model.predictor_, background, [HORIZON])
    explanation = explainer.explain(judged.features, HORIZON)
    values = pd.DataFrame(
        explanation.values, index=explanation.index, columns=list(explanation.feature_names)
    )
    return Reasoned(model, explainer, values.T.groupby(lambda name: THINGS[name]).sum().T)
