"""The gates against simpler models: the linear part alone and reference scores, same patients.

Any other rival blocks nothing, but a line says where the report prefers it. All were measured where
the patients are, with paired intervals, and logged as tables.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from models.evaluation.comparisons.standing import (
    IS_ITS_LINEAR_PART,
    LINEAR_PARTS,
    find_better_brier,
    find_linear,
    is_preferred,
)
from pipeline.evaluation.rivals import LABELS
from pipeline.promotion.evidence import Evidence, Figure
from pipeline.promotion.gate import MEASURE_AGAIN, Gate, not_measured

MODEL = "calcirisk"
PATIENTS = {"held_out": "held out", "cross_validation": "cross-validated"}


def judge_linear(challenger: Evidence, tolerance: float) -> tuple[Gate, ...]:
    """The linear part alone, on held-out patients and, where done, on the cross-validated."""
    name, table = "lead of its linear part", challenger.tables.get("differences")
    required = _require(tolerance)
    if table is None:
        return (not_measured(name, required),)
    own = _against_model(table)
    own = own[own["model"].isin(LINEAR_PARTS)]
    if "held_out" not in set(own["evaluation"]):
        return (not_measured(name, required),)
    gates, same = [], find_linear(table)
    for row in _at_last_horizon(own, "evaluation"):
        if row["evaluation"] in same:
            told = f"{name}, {_where(row)}"
            gates.append(Gate(told, required, IS_ITS_LINEAR_PART.rstrip("."), True))
        else:
            gates.append(_judge_lead(name, row, _lead_of_rival(row), tolerance))
    return tuple(gates)


def tell_rivals(challenger: Evidence) -> tuple[Gate, ...]:
    """Every other model that the report prefers, as a line that blocks nothing."""
    table = challenger.tables.get("differences")
    if table is None:
        return ()
    rivals, gates = _against_model(table), []
    rivals = rivals[~rivals["model"].isin(LINEAR_PARTS)]
    for row in _at_last_horizon(rivals, "evaluation", "model"):
        lead, closer = _lead_of_rival(row), find_better_brier(table, row["horizon"])
        has_better_brier = (row["evaluation"], row["model"]) in closer
        if is_preferred(lead.estimate, lead.lower, has_better_brier=has_better_brier):
            label = LABELS.get(row["model"], row["model"])
            found = f"{lead.show('+.4f')}: the report prefers {label}"
            gates.append(
                Gate(f"lead of {label}, {_where(row)}", "told, blocks nothing", found, True)
            )
    return tuple(gates)


def _against_model(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["reference"] == MODEL) & (table["metric"] == "c_index")]


def _lead_of_rival(row: Mapping[str, Any]) -> Figure:
    return Figure(*(float(row[name]) for name in ("difference", "lower", "upper")))


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
    name, required = f"{name}, {_where(row)}", _require(tolerance)
    if not lead.is_measured:
        return not_measured(name, required, f"set evaluate.n_bootstrap above 0, {MEASURE_AGAIN}")
    passed = lead.estimate <= tolerance or lead.lower <= 0
    remedy = "" if passed else f"use {name.split(' of ')[1].split(',')[0]}, or mend the model"
    return Gate(name, required, lead.show("+.4f"), passed, remedy)


def _where(row: Mapping[str, Any]) -> str:
    patients = PATIENTS.get(row["evaluation"], row["evaluation"])
    return f"{patients}, {row['horizon']:g} years"


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
