"""The gates against what is used today: ridge regression and reference scores, same patients.

Both were measured where the patients are, with paired intervals, and logged as tables.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from pipeline.promotion.evidence import Evidence, Figure
from pipeline.promotion.gate import MEASURE_AGAIN, Gate, not_measured

MODEL = "calcirisk"
RIDGE = {"ridge_cox": "ridge Cox", "ridge_logistic": "ridge logistic regression"}
PATIENTS = {"held_out": "held out", "cross_validation": "cross-validated"}


def judge_ridge(challenger: Evidence, tolerance: float) -> tuple[Gate, ...]:
    """The linear part alone, on held-out patients and, where done, on the cross-validated."""
    name, table = "lead of ridge regression", challenger.tables.get("differences")
    required = _require(tolerance)
    if table is None:
        return (not_measured(name, required),)
    own = table[
        table["model"].isin(list(RIDGE))
        & (table["reference"] == MODEL)
        & (table["metric"] == "c_index")
    ]
    if "held_out" not in set(own["evaluation"]):
        return (not_measured(name, required),)
    gates = []
    for row in _at_last_horizon(own, "evaluation"):
        lead = Figure(*(float(row[name]) for name in ("difference", "lower", "upper")))
        gates.append(_judge_lead(f"lead of {RIDGE[row['model']]}", row, lead, tolerance))
    return tuple(gates)


def judge_reference_scores(challenger: Evidence, tolerance: float) -> tuple[Gate, ...]:
    """Each reference score on the patients it covers; a gate that says so where none covers any."""
    name, table = "lead of reference scores", challenger.tables.get("reference_scores")
    required = _require(tolerance)
    if table is None:
        # A table without rows is not written; the other one then says why there are none.
        coverage = challenger.tables.get("reference_coverage")
        if coverage is None:
            return (not_measured(name, required),)
        found = f"none of {coverage['score'].nunique()} covers these patients"
        return (Gate(name, required, found, True),)
    rows = table[table["metric"] == "c_index"]
    gates = [
        _judge_lead(f"lead of {row['score']}", row, _lead(row), tolerance)
        for row in _at_last_horizon(rows, "evaluation", "score")
    ]
    return tuple(gates) or (not_measured(name, required),)


def _require(tolerance: float) -> str:
    return f"at most {tolerance:g} in C-index, or by chance"


def _judge_lead(name: str, row: Mapping[str, Any], lead: Figure, tolerance: float) -> Gate:
    patients = PATIENTS.get(row["evaluation"], row["evaluation"])
    name, required = f"{name}, {patients}, {row['horizon']:g} years", _require(tolerance)
    if not lead.is_measured:
        return not_measured(name, required, f"set evaluate.n_bootstrap above 0, {MEASURE_AGAIN}")
    passed = lead.estimate <= tolerance or lead.lower <= 0
    remedy = "" if passed else f"use {name.split(' of ')[1].split(',')[0]}, or mend the model"
    return Gate(name, required, lead.show("+.4f"), passed, remedy)


def _lead(row: Mapping[str, Any]) -> Figure:
    """The score's C minus the model's, whichever way round the table holds the difference."""
    lead = float(row["estimate"] - row["model_estimate"])
    lower, upper = float(row["difference_lower"]), float(row["difference_upper"])
    if not math.isclose(lead, row["difference"], abs_tol=1e-5):
        lower, upper = -upper, -lower
    return Figure(lead, lower, upper)


def _at_last_horizon(rows: pd.DataFrame, *by: str) -> Iterator[dict[str, Any]]:
    for _, group in rows.groupby(list(by), sort=False):
        last = group.sort_values("horizon").iloc[-1]
        yield {str(name): value for name, value in last.items()}
