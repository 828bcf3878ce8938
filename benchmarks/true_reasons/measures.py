"""How right reasons are, and how right and sure the risks of groups."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.true_reasons.things import EFFECTLESS
from benchmarks.true_reasons.world import HORIZON, World
from features.array_types import FloatArray
from models.risk.risk_model import RiskModel
from models.uncertainty.fitting import fit_uncertainty

NAMED = 0.005  # contributions of half a point and more are looked at for their sign
COMMON = 0.02  # groups with a smaller share of the patients are left out
BANDS = {
    "age": [0, 50, 60, 70, 80, np.inf],
    "cac_agatston": [0, 1e-9, 100, 300, 1000, np.inf],
}


def judge_reasons(found: pd.DataFrame, true: pd.DataFrame, covariates: pd.DataFrame) -> pd.Series:
    """Of contributions (n, things) beside the true ones, both as fractions of risk."""
    names = found.columns.union(true.columns)
    found, true = (each.reindex(columns=names, fill_value=0.0) for each in (found, true))
    values, truth = found.to_numpy(), true.to_numpy()
    first = np.abs(values).argmax(axis=1)
    order = np.argsort(-np.abs(truth), axis=1)[:, :2]
    named = np.abs(values) >= NAMED
    return pd.Series(
        {
            "error, points": 100 * np.abs(values - truth).mean(),
            "error of the ten largest, points": 100 * _error_of_largest(values, truth),
            "first reason right, %": 100 * (order == first[:, None]).any(axis=1).mean(),
            "wrong signs, %": 100 * (named & (values * truth <= 0)).sum() / named.sum(),
            "effectless in takers, points": 100 * _largest_effectless(found, covariates),
        }
    )


def _error_of_largest(values: FloatArray, truth: FloatArray) -> float:
    largest = np.argsort(-np.abs(truth).mean(axis=0))[:10]
    return float(np.abs(values - truth)[:, largest].mean())


def _largest_effectless(found: pd.DataFrame, covariates: pd.DataFrame) -> float:
    """The largest mean contribution of an effectless treatment in those who take it."""
    sizes = [0.0]
    for name in EFFECTLESS:
        takers = (covariates[name] > 0).to_numpy()
        if name in found and takers.any():
            sizes.append(float(abs(found.loc[takers, name].mean())))
    return max(sizes)


def groups_of(world: World) -> dict[str, npt.NDArray[np.bool_]]:
    """Common yes/no groups, levels, and bands of age and calcium of the patients judged on."""
    covariates = world.covariates
    groups = {"everyone": np.ones(len(covariates), bool)}
    groups |= {level: (covariates["sex"] == level).to_numpy() for level in ("female", "male")}
    for level in ("never", "former", "current"):
        groups[f"smoking: {level}"] = (covariates["smoking_status"] == level).to_numpy()
    statin = covariates["statin_intensity"].isin(["low", "moderate", "high"])
    groups["statin"] = statin.to_numpy()
    groups["antiplatelet"] = covariates["antiplatelet"].isin(["single", "dual"]).to_numpy()
    for name, column in covariates.items():
        if set(column.dropna().unique()) <= {0.0, 1.0}:
            groups[str(name)] = (column == 1).to_numpy()
    for name, edges in BANDS.items():
        for low, high in pairwise(edges):
            inside = covariates[name].between(low, high, inclusive="left")
            groups[f"{name} from {low:g}"] = inside.to_numpy()
    return {name: rows for name, rows in groups.items() if rows.mean() >= COMMON}


def judge_groups(model: RiskModel, judged: World) -> pd.DataFrame:
    """By group: true over predicted risk, and the share of true risks within 90 % intervals."""
    risk = model.predict_risk(judged.features, [HORIZON])[:, 0]
    limits = fit_uncertainty(model).interval(judged.features, [HORIZON])[:, 0]
    inside = (limits[:, 0] <= judged.risk) & (judged.risk <= limits[:, 1])
    groups = groups_of(judged)
    tenth = np.argsort(np.argsort(risk, kind="stable"), kind="stable") * 10 // len(risk)
    groups |= {f"tenth {number + 1} of predicted risk": tenth == number for number in range(10)}
    return pd.DataFrame(
        {
            name: {
                "true over predicted": judged.risk[rows].mean() / risk[rows].mean(),
                "within 90 %": 100 * inside[rows].mean(),
            }
            for name, rows in groups.items()
        }
    ).T
