"""Small predictors made by hand: curved, with interactions, missing values and two causes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xgboost

from features.array_types import FloatArray
from models.learners.completion import Completion
from models.learners.completion_fitting import learn_completion
from models.learners.linear import LinearPart
from models.learners.shapes.linear_design import LinearDesign
from models.learners.trees.boosted import BoostedPart
from models.margins import CauseModel
from models.risk.absolute_risk import CompetingRisksLink, FixedHorizonLink, Link
from models.risk.baseline import Baseline
from models.risk.predictor import RiskPredictor

END = 12.0


def draw_features(n: int, seed: int, n_features: int = 10, missing: float = 0.1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    values = random.normal(size=(n, n_features))
    values[:, 1] += 0.6 * values[:, 0]
    values[:, 2] = (values[:, 2] > 0.5).astype(float)
    values[random.random(values.shape) < missing] = np.nan
    names = [f"f{i}" for i in range(n_features)]
    return pd.DataFrame(values, columns=names, index=[f"p{i}" for i in range(n)])


def make_predictor(n_causes: int = 2, n_features: int = 10, fixed: bool = False) -> RiskPredictor:
    X = draw_features(1_500, seed=1, n_features=n_features)
    completion = learn_completion(X.to_numpy(np.float64))
    causes = tuple(
        _make_cause(name, X, completion, 10 + i) for i, name in enumerate(("event", "competing"))
    )
    link: Link = FixedHorizonLink(10.0, -2.2)
    if not fixed:
        knots = np.linspace(0, END, 9)
        cumulative = np.stack([0.09 * (knots / 10) ** 1.2, 0.06 * (knots / 10) ** 1.8])
        link = CompetingRisksLink(Baseline(knots, cumulative[:n_causes]))
    return RiskPredictor(tuple(X.columns), completion, causes[: 1 if fixed else n_causes], link)


def _make_cause(name: str, X: pd.DataFrame, completion: Completion, seed: int) -> CauseModel:
    random = np.random.default_rng(seed)
    effects = random.normal(size=X.shape[1]) * 0.45
    values = X.fillna(0.3).to_numpy()
    truth = values @ effects + 0.6 * values[:, 0] * values[:, 2] + 0.3 * np.abs(values[:, 3])
    time = random.exponential(size=len(X)) * np.exp(-truth)
    label = np.where(random.random(len(X)) < 0.4, time, -time)
    seen = completion.complete(X.to_numpy(np.float64))
    design = LinearDesign.learn(completion, seen, [(0, 3), (4, 1)])
    coefficients = random.normal(size=len(design.term_features)) * 0.1
    coefficients[: len(effects)] += effects
    matrix = xgboost.DMatrix(seen.values, label=label)
    settings = {"objective": "survival:cox", "max_depth": 3, "eta": 0.1, "seed": 2, "nthread": 1}
    booster = xgboost.train(settings, matrix, 40)
    offset = float(booster.predict(matrix, output_margin=True).mean(dtype=np.float64))
    return CauseModel(
        name,
        LinearPart(design, coefficients, effects, np.zeros(len(effects), np.int8)),
        BoostedPart(completion, booster, offset),
        0.55,
        0.5,
        0.07,
    )


def see_features(predictor: RiskPredictor, X: pd.DataFrame) -> FloatArray:
    """Each feature as the model sees it (n, p, 1 + k): its value, and what it adds by terms."""
    seen = predictor.see(X)
    states = np.zeros((*X.shape, 1 + len(predictor.causes)))
    states[:, :, 0] = seen.values
    for k, cause in enumerate(predictor.causes):
        np.add.at(states[:, :, 1 + k].T, np.array(cause.term_features), cause.terms(seen).T)
    return states


def risk_of_states(
    predictor: RiskPredictor, horizon: float = 10.0
) -> Callable[[FloatArray], FloatArray]:
    """The risk (n,) of features seen so: what Shapley values by their definition are taken of."""

    def risk(states: FloatArray) -> FloatArray:
        margins = []
        for k, cause in enumerate(predictor.causes):
            margin = cause.shift + states[:, :, 1 + k].sum(axis=1)
            if cause.boosted is not None and cause.boosted_weight:
                output = cause.boosted.output(states[:, :, 0].astype(np.float32))
                margin += cause.boosted_weight * (output - cause.boosted.offset)
            margins.append(margin)
        return predictor.link.risk(np.stack(margins, axis=1), [horizon])[:, 0]

    return risk
