"""What paired differences say of two models: the same, to be preferred, or neither.

Verdict, report and promotion gate all read it here, from differences as computed or as read back
from differences.csv (the other model less the model).
"""

from __future__ import annotations

import pandas as pd

NEGLIGIBLE_GAIN = 0.005
"""A lead in C-index smaller than this, however certain, changes the order of 1 pair in 200."""

LINEAR_PARTS = ("ridge_cox", "ridge_logistic")
"""Columns and keys of the model's linear part alone: under its prior, so no plain ridge."""

LINEAR_NAME = "its linear part alone"
IS_ITS_LINEAR_PART = "Boosted trees earned no weight here: the model is its linear part."

_SAME = 1e-7
_KEYS = ("evaluation", "model")


def find_linear(differences: pd.DataFrame) -> set[str]:
    """Evaluations in which the model is its linear part: no metric differs in any digit shown.

    Differences of one evaluation may come without a column of its name, which is then "".
    """
    if differences.empty:
        return set()
    own = differences[differences["model"].isin(LINEAR_PARTS)]
    names = own["evaluation"] if "evaluation" in own else pd.Series("", index=own.index)
    apart = own[["difference", "lower", "upper"]].abs().max(axis=1).dropna()
    return {str(name) for name, gaps in apart.groupby(names) if (gaps <= _SAME).all()}


def find_better_brier(differences: pd.DataFrame, horizon: float) -> set[tuple[str, str]]:
    """(evaluation, comparator) where the model's Brier score is lower, the whole interval long."""
    rows = differences[(differences["metric"] == "brier") & (differences["horizon"] == horizon)]
    better = rows[rows["lower"] > 0]
    return {(str(e), str(m)) for e, m in better[list(_KEYS)].itertuples(index=False)}


def is_preferred(lead: float, lower: float, *, has_better_brier: bool) -> bool:
    """Whether another model is to be preferred, which leads in C-index by ``lead``.

    By enough to matter, beyond chance, and without risks that are farther from the truth.
    """
    return lower > 0 and lead >= NEGLIGIBLE_GAIN and not has_better_brier
