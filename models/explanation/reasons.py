"""The strongest reasons of each patient in words, for tables of many patients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import CATALOGUE
from features.variable import Variable
from models.explanation.explanation import SMALLEST_REASON

BoolArray = npt.NDArray[np.bool_]

NOT_RECORDED = "not recorded"
_OWN = {
    variable: tuple(feature.name for feature in CATALOGUE if feature.variable == variable)
    for variable in dict.fromkeys(feature.variable for feature in CATALOGUE)
}


def find_unknown(
    variables: Iterable[str], covariates: pd.DataFrame, features: pd.DataFrame
) -> dict[str, BoolArray]:
    """Variable -> patients (n,) of whom it is neither recorded nor worked out from others."""
    blank, absent = covariates.isna().to_numpy(bool), np.isnan(features.to_numpy(np.float64))
    recorded = {str(name): position for position, name in enumerate(covariates)}
    derived = {str(name): position for position, name in enumerate(features)}
    unknown = {}
    for variable in variables:
        own = [derived[name] for name in _OWN.get(variable, ()) if name in derived]
        unknown[variable] = absent[:, own].all(axis=1)
        if variable in recorded:
            unknown[variable] &= blank[:, recorded[variable]]
    return unknown


def is_unknown(variable: str, covariates: pd.DataFrame, features: pd.DataFrame) -> BoolArray:
    """`find_unknown` of one variable (n,), without looking at any other."""
    own = [name for name in _OWN.get(variable, ()) if name in features]
    there = [variable] if variable in covariates else []
    return find_unknown([variable], covariates[there], features[own])[variable]


def name_reasons(
    contributions: pd.DataFrame,
    covariates: pd.DataFrame,
    features: pd.DataFrame,
    dictionary: Mapping[str, Variable],
    n_reasons: int,
) -> list[list[str]]:
    """The largest contributions of each patient: "Age +4.2", "Diabetes: no -0.9".

    ``contributions``: (n, variables) to the risk, as fractions; the texts give percentage points.
    What is not a number stands with its value, and what is unknown says so. One list of texts (n,)
    per reason, "" where a contribution rounds to nothing.
    """
    values = contributions.to_numpy()
    order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :n_reasons]
    reasons = []
    for position in range(n_reasons):
        if position >= order.shape[1]:
            reasons.append([""] * len(values))
            continue
        chosen = order[:, position]
        points = values[np.arange(len(values)), chosen]
        named = _name_chosen(chosen, list(contributions.columns), covariates, features, dictionary)
        reasons.append(
            [
                f"{name} {100 * value:+.1f}" if abs(value) >= SMALLEST_REASON else ""
                for name, value in zip(named, points, strict=True)
            ]
        )
    return reasons


def _name_chosen(
    chosen: npt.NDArray[np.intp],
    names: list[str],
    covariates: pd.DataFrame,
    features: pd.DataFrame,
    dictionary: Mapping[str, Variable],
) -> npt.NDArray[np.object_]:
    """The name (n,) of each patient's variable, given by its position in ``names``."""
    named = np.empty(len(chosen), dtype=object)
    for position in np.unique(chosen):
        rows = np.flatnonzero(chosen == position)
        variable = dictionary[names[position]]
        named[rows] = variable.label
        if variable.name in covariates and variable.kind != "number":
            states = _states(covariates[variable.name].iloc[rows], variable)
            named[rows] = [f"{variable.label}: {s}" if s else variable.label for s in states]
        unknown = rows[is_unknown(variable.name, covariates, features)[rows]]
        named[unknown] = f"{variable.label}: {NOT_RECORDED}"
    return named


def _states(column: pd.Series, variable: Variable) -> list[str]:
    """Yes, no or the code of each patient, "" where it is missing."""
    if variable.kind == "boolean":
        shown = column.map({0.0: "no", 1.0: "yes"})
    else:
        shown = column.map({code: code.replace("_", " ") for code in variable.codes})
    return [str(state) for state in shown.astype(object).where(shown.notna(), "")]
