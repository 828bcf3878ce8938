"""Who was judged and who was not: one account for console, design.json, report and summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.disclosure import SMALLEST_COUNT, is_small, round_count, tell_count

if TYPE_CHECKING:
    from features.endpoint import Endpoint
    from pipeline.evaluation.evaluation import Evaluation


_COUNTED = ("metrics", "differences", "groups")


def describe_judged(planned: Mapping[str, int], judged: Mapping[str, Endpoint]) -> dict[str, Any]:
    """For design.json: ``judged`` {evaluation: patients, of, events} and ``not_judged``, sentences.

    ``planned``: how many patients each evaluation was to judge. Where some are left out, patients
    and events are told in tens, so that nothing of those few is had by subtraction.
    """
    sentences: list[str] = []
    accounts: dict[str, dict[str, Any]] = {}
    for name, endpoint in judged.items():
        left_out = planned[name] - len(endpoint)
        sentences += say_left_out(name, left_out, planned[name])
        events, competing = endpoint.n_events, endpoint.n_competing
        accounts[name] = {
            "patients": tell_count(len(endpoint)) if left_out else len(endpoint),
            "of": planned[name],
            "events": tell_count(events) if left_out else events,
            "competing_events": tell_count(competing) if left_out else competing,
        }
    return {"judged": accounts, "not_judged": sentences}


def tell_in_tens(
    planned: Mapping[str, int],
    done: Mapping[str, Evaluation],
    tables: Mapping[str, pd.DataFrame],
) -> tuple[dict[str, Evaluation], dict[str, pd.DataFrame]]:
    """The same with counts in tens wherever an evaluation does not judge all patients.

    Of ``tables``, incidence is of the held-out patients and incremental names its evaluation.
    """
    evaluations, told = dict(done), dict(tables)
    for name, one in done.items():
        if planned[name] == len(one.endpoint):
            continue
        own = {part: _tell_rows(getattr(one.result, part)) for part in _COUNTED}
        evaluations[name] = replace(one, result=replace(one.result, **own))
        steps = told.get("incremental", pd.DataFrame())
        if len(steps):
            told["incremental"] = _tell_rows(steps, steps["evaluation"] == name)
        if name == "held_out" and "incidence" in told:
            told["incidence"] = _tell_rows(told["incidence"])
    return evaluations, told


def _tell_rows(table: pd.DataFrame, rows: pd.Series | None = None) -> pd.DataFrame:
    """With ``n`` and ``events`` of the rows, all where none are given, in tens.

    Events are rounded down, so that no gate is passed by rounding.
    """
    if table.empty:
        return table
    chosen = pd.Series(True, table.index) if rows is None else rows
    told = table.copy()
    told["n"] = table["n"].mask(chosen, table["n"].map(round_count))
    if "events" in table:
        events = table["events"]
        told["events"] = events.mask(chosen, events // SMALLEST_COUNT * SMALLEST_COUNT)
    return told


def say_left_out(evaluation: str, left_out: int, planned: int) -> tuple[str, ...]:
    """The sentence on patients from whose entry a horizon leads beyond what the model knows."""
    from pipeline.evaluation.evaluation_output import title_of

    if not left_out:
        return ()
    told = "Fewer than 10" if is_small(left_out) else f"About {tell_count(left_out)}"
    return (
        f"{told} of {planned:,} {title_of(evaluation)} are not judged: from their entry on, a "
        "horizon leads beyond the years, or ages, that the model knows. Numbers of those judged "
        "are told in tens.",
    )
