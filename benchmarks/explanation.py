"""Patients explained per second: ours beside native TreeSHAP, SHAP, WOODELF and bare prediction.

    python benchmarks/explanation.py [table.md] [repeats]

First one booster's margin (300 trees of depth 3, 60 features, a tenth of the values missing), every
method in each round; then whole explanations in absolute risk by a model trained on a simulated
cohort: all strata, both causes, linear and boosted parts, from features to checked contributions.
Medians over the rounds, compilation left out, two threads. CPU time beside them, the least of all
rounds: on a machine with other work it tells more.
"""

from __future__ import annotations

import importlib.metadata
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import shap
import xgboost
from rich.console import Console
from woodelf import WoodelfExplainer

from features.derivation.catalogue import CATALOGUE, derive_features, learnable
from features.dictionary.dictionary import Dictionary
from features.dictionary.published_priors import load_priors
from features.endpoint import Endpoint
from features.simulation.cohort import simulate_cohort
from models.compiled.compiled_scorer import compile_explainer
from models.compiled.explanation.compiled_risk import add_trees_compiled
from models.explanation.explainer import Explainer
from models.explanation.tree_attribution import TreeAttribution
from models.risk.risk_model import RiskModel

N_TREES, DEPTH, N_FEATURES = 300, 3, 60
N_FAST, N_SLOW, N_BACKGROUND, N_STRATA = 100_000, 8_000, 1_000, 8
N_COHORT, HORIZON = 6_800, 10.0
_SETTINGS = {"objective": "survival:cox", "max_depth": DEPTH, "eta": 0.05, "nthread": 2, "seed": 1}

Work = Callable[[], object]


def main() -> None:
    """Run both comparisons, print them and write them where a file is named."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    names = ("numba", "numpy", "shap", "woodelf-explainer", "xgboost")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    text = "\n\n".join(
        [
            f"Python {platform.python_version()}, {versions}; {repeats} rounds.",
            _tabulate(_time(_one_booster(), repeats), "bare prediction"),
            _tabulate(_time(_whole_explanation(), repeats), "risk alone"),
        ]
    )
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    Console(width=160).print(text, markup=False)


def _one_booster() -> dict[str, tuple[int, Work]]:
    random = np.random.default_rng(1)
    values = random.normal(size=(N_FAST, N_FEATURES)).astype(np.float32)
    values[random.random(values.shape) < 0.1] = np.nan
    effects = random.normal(size=N_FEATURES) * 0.3
    known = np.nan_to_num(values[:7_000])
    time_ = random.exponential(size=7_000) * np.exp(-known @ effects - known[:, 0] * known[:, 1])
    label = np.where(random.random(7_000) < 0.4, time_, -time_)
    booster = xgboost.train(_SETTINGS, xgboost.DMatrix(values[:7_000], label=label), N_TREES)
    few, background = values[:N_SLOW], values[:N_BACKGROUND]
    frame, back = pd.DataFrame(values), pd.DataFrame(background)
    frame.columns = back.columns = pd.Index([f"f{i}" for i in range(N_FEATURES)])
    booster.feature_names = list(frame.columns)
    raw, named = bytes(booster.save_raw("json")), tuple(frame.columns)
    one = TreeAttribution.fit(raw, named, background, np.zeros(N_BACKGROUND, np.intp))
    strata = np.arange(N_BACKGROUND) % N_STRATA
    eight = TreeAttribution.fit(raw, named, background, strata)
    path, inter = WoodelfExplainer(booster), WoodelfExplainer(booster, back)
    tree = shap.TreeExplainer(booster)
    matrix = xgboost.DMatrix(few, feature_names=list(frame.columns))
    weights = random.random((N_FAST, N_STRATA))
    _compare(one, values[:2_000], inter, frame[:2_000])
    return {
        "bare prediction": (
            N_FAST,
            lambda: booster.inplace_predict(
                values, predict_type="margin", validate_features=False
            ),
        ),
        "ours, interventional, 1 stratum": (
            N_FAST, lambda: _add(one, values, np.ones((N_FAST, 1))),
        ),
        f"ours, interventional, {N_STRATA} strata": (N_FAST, lambda: _add(eight, values, weights)),
        "ours without numba, 1 stratum": (
            N_SLOW, lambda: one.attribute(few, np.ones((N_SLOW, 1))),
        ),
        "WOODELF, interventional": (N_FAST, lambda: inter.shap_values(frame, verbose=False)),
        "WOODELF, path-dependent": (N_FAST, lambda: path.shap_values(frame, verbose=False)),
        "XGBoost pred_contribs, path-dependent": (
            N_SLOW, lambda: booster.predict(matrix, pred_contribs=True),
        ),
        "shap.TreeExplainer, path-dependent": (N_SLOW, lambda: tree.shap_values(few)),
    }  # fmt: skip


def _add(trees: TreeAttribution, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    total = np.zeros(values.shape)
    add_trees_compiled(trees, values, weights, total)
    return total


def _compare(
    trees: TreeAttribution, values: np.ndarray, other: WoodelfExplainer, frame: pd.DataFrame
) -> None:
    """Speed counts for nothing where the numbers differ."""
    found = _add(trees, values, np.ones((len(values), 1)))
    difference = np.abs(found - other.shap_values(frame, verbose=False)).max()
    assert difference < 1e-5, difference


def _whole_explanation() -> dict[str, tuple[int, Work]]:
    cohort = simulate_cohort(N_COHORT, seed=1)
    X = learnable(derive_features(cohort.covariates))
    table = cohort.endpoint
    priors = load_priors(Dictionary.load())
    monotone = {feature.name: feature.monotone for feature in CATALOGUE if feature.monotone}
    endpoint = Endpoint(table["time"].to_numpy(), table["event"].to_numpy())
    predictor = (
        RiskModel(monotone=monotone, priors=priors, n_threads=2, seed=1).fit(X, endpoint).predictor_
    )
    plain = Explainer.fit(predictor, X, [HORIZON], N_STRATA)
    quick = compile_explainer(plain)
    many = derive_features(simulate_cohort(N_FAST, seed=2, with_lesions=False).covariates)
    few = many.iloc[:20_000]
    return {
        "risk alone": (N_FAST, lambda: predictor.risk(many, [HORIZON])),
        f"whole explanation, {N_STRATA} strata, 2 causes": (
            N_FAST, lambda: quick.explain(many, HORIZON),
        ),
        "the same without numba": (len(few), lambda: plain.explain(few, HORIZON)),
    }  # fmt: skip


def _time(works: dict[str, tuple[int, Work]], repeats: int) -> dict[str, tuple[float, float]]:
    """Median rows per second and least CPU microseconds per row of each, by name.

    The first round, in which loops are compiled, is not counted.
    """
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for round_ in range(repeats + 1):
        for name, (n_rows, work) in works.items():
            start, spent = time.perf_counter(), time.process_time()
            work()
            found = n_rows / (time.perf_counter() - start), time.process_time() - spent
            if round_:
                rates[name].append((found[0], 1e6 * found[1] / n_rows))
    return {
        name: (float(np.median([rate for rate, _ in found])), min(cpu for _, cpu in found))
        for name, found in rates.items()
    }


def _tabulate(found: dict[str, tuple[float, float]], reference: str) -> str:
    lines = [f"| | rows/s | times {reference} | CPU, µs a row |", "|---|---|---|---|"]
    for name, (rate, cpu) in found.items():
        times = rate / found[reference][0]
        lines.append(f"| {name} | {float(f'{rate:.2g}'):,.0f} | {times:.2g} | {cpu:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
