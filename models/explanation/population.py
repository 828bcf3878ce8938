"""What marks risk in a population, as tables; and how a patient's values are written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from features.derivation.catalogue import CATALOGUE
from features.dictionary.units import show_unit
from features.dictionary.variable import Variable
from models.explanation.explanation import Explanation
from models.storage.formats import read_json

# Codes without an order cannot be high or low.
NOMINAL = ("ethnicity", "statin_drug", "anticoagulant", "phosphate_binder")

# Units that the label says already, or that clinicians leave out.
UNSAID = ("AU", "score", "points", "lesions", "vessels", "pack-years", "1/day")

# How a variable goes with risk: what `summarise_variables` says, by name.
DIRECTIONS = {
    "little": "negligible contribution",
    "unordered": "no natural order",
    "unrecorded": "not recorded itself",
    "both": "both directions",
    "up": "higher values, higher risk",
    "down": "higher values, lower risk",
}

_CLEAR = 0.3
_SMALLEST_POINTS = 0.005
_TREATMENT_GROUPS = ("therapy", "emerging")
_MARKER = "marks treated disease; says nothing about the effect of treatment"


def rank_levels(covariates: pd.DataFrame, dictionary: Mapping[str, Variable]) -> pd.DataFrame:
    """Covariates as numbers (n, variables) that can be called low or high; NaN where missing.

    Categories become the position of their code; those without an order, among them categories of
    a cohort map with three codes or more, are all NaN.
    """
    columns = {}
    for name, variable in dictionary.items():
        if name not in covariates:
            continue
        column = covariates[name]
        if variable.kind != "category":
            columns[name] = column.to_numpy(np.float64)
        elif name in NOMINAL or (variable.own and len(variable.codes) > 2):
            columns[name] = np.full(len(column), np.nan)
        else:
            position = {code: float(i) for i, code in enumerate(variable.codes)}
            columns[name] = column.map(position).to_numpy(np.float64)
    return pd.DataFrame(columns, index=covariates.index)


def place_values(covariates: pd.DataFrame, variable: Variable) -> pd.Series:
    """A variable's values (n,) as places on an axis: numbers, or positions among its codes."""
    if variable.name not in covariates:
        return pd.Series(np.nan, covariates.index)
    column = covariates[variable.name]
    if variable.kind != "category":
        return column.astype(np.float64)
    return column.map({code: float(i) for i, code in enumerate(variable.codes)}).astype(np.float64)


def summarise_variables(
    contributions: pd.DataFrame, levels: pd.DataFrame, dictionary: Mapping[str, Variable]
) -> pd.DataFrame:
    """A row per variable, largest mean contribution first, in percentage points of risk.

    ``contributions``: (n, variables) to the risk, as fractions. ``direction`` is association: the
    rank correlation of value and contribution, in words. ``caution`` stands at treatments.
    """
    rows = []
    for name in contributions:
        variable, column = dictionary[str(name)], contributions[name]
        direction = _direction(levels.get(name), column)
        rows.append(
            {
                "variable": name,
                "label": variable.label,
                "group": variable.group,
                "mean_size_points": 100 * column.abs().mean(),
                "lowest_5_percent_points": 100 * column.quantile(0.05),
                "highest_5_percent_points": 100 * column.quantile(0.95),
                "direction": direction,
                "caution": _MARKER if variable.group in _TREATMENT_GROUPS else "",
            }
        )
    table = pd.DataFrame(rows).sort_values("mean_size_points", ascending=False, kind="stable")
    return table.reset_index(drop=True)


def summarise_groups(contributions: pd.DataFrame) -> pd.DataFrame:
    """A row per group, largest first: mean size (n, groups) in percentage points of risk."""
    sizes = 100 * contributions.abs().mean().sort_values(ascending=False, kind="stable")
    return pd.DataFrame({"group": sizes.index, "mean_size_points": sizes.to_numpy()})


def relative_weights(explanation: Explanation, covariates: pd.DataFrame) -> dict[str, float]:
    """How much each variable typically moves a risk where it is recorded, as a share of the risk.

    Mean size over the patients of ``explanation`` and ``covariates`` (n, variables), such as those
    trained on. A variable that none of them has is left out.
    """
    values = explanation.by_variable(CATALOGUE)
    shares = (values.abs().to_numpy() / np.maximum(explanation.risk, 1e-12)[:, None]).T
    weights = {}
    for name, share in zip(values, shares, strict=True):
        recorded = covariates[name].notna().to_numpy(bool) if name in covariates else np.array([])
        if recorded.any():
            weights[str(name)] = float(share[recorded].mean())
    return weights


def write_weights(weights: Mapping[str, float], path: Path) -> None:
    """Write as JSON, to the digits that matter: the same model, the same bytes."""
    stored = {name: float(f"{weight:.3g}") for name, weight in weights.items()}
    path.write_text(json.dumps(stored, indent=1) + "\n")


def read_weights(path: Path) -> dict[str, float]:
    """Read back what `write_weights` wrote."""
    return {name: float(weight) for name, weight in read_json(path).items()}


def describe_value(value: object, variable: Variable) -> str:
    """Label and value in the canonical unit, as a clinician writes them.

    >>> from features.dictionary.dictionary import Dictionary
    >>> describe_value(61.0, Dictionary.load()["age"])
    'Age: 61 years'
    """
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return f"{variable.label}: not recorded"
    if variable.kind == "category":
        return f"{variable.label}: {str(value).replace('_', ' ')}"
    number = float(str(value))
    if variable.kind == "boolean":
        return f"{variable.label}: {'yes' if number else 'no'}"
    return f"{variable.label}: {show_quantity(number, variable)}"


def show_quantity(value: float, variable: Variable) -> str:
    """A number in its canonical unit, with as many digits as matter.

    >>> from features.dictionary.dictionary import Dictionary
    >>> show_quantity(1234.5, Dictionary.load()["cac_agatston"])
    '1,234'
    """
    text = f"{variable.as_reported(value):,.2f}".rstrip("0").rstrip(".")
    unit = "" if variable.unit in UNSAID else show_unit(variable.unit or "")
    return f"{text} {unit}".rstrip()


def _direction(levels: pd.Series | None, contributions: pd.Series) -> str:
    if 100 * contributions.abs().mean() < _SMALLEST_POINTS:
        return DIRECTIONS["little"]
    if levels is None:  # derived from others, such as a filtration rate from creatinine
        return DIRECTIONS["unrecorded"]
    if levels.nunique() < 2 or contributions[levels.notna()].nunique() < 2:
        return DIRECTIONS["unordered"]
    correlation = levels.rank().corr(contributions[levels.notna()].rank())
    if abs(correlation) < _CLEAR:
        return DIRECTIONS["both"]
    return DIRECTIONS["up" if correlation > 0 else "down"]
