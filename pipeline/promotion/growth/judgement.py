"""All gates of a progression model in the order they are read: pure judgement."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from pipeline.promotion.champion import Compared, Rematch, Terms, judge_champion
from pipeline.promotion.evidence import Evidence, Figure
from pipeline.promotion.fitness import judge_near_one, judge_origin
from pipeline.promotion.gate import Gate, not_measured
from pipeline.promotion.reasons import require_reasons
from pipeline.settings.params import PromoteParams

MEASURE_AGAIN = "run calcirisk forecast, then calcirisk register"
_NO_INTERVAL = f"set forecast.n_bootstrap above 0, {MEASURE_AGAIN}"
_LABELS = {
    "observed_over_expected": "observed over expected",
    "calibration_slope": "calibration slope",
}
_BEYOND_CHANCE = 0.01  # of all intervals of all groups together


def judge_growth(
    challenger: Evidence, champion: Evidence | None, rematch: Rematch, thresholds: PromoteParams
) -> tuple[Gate, ...]:
    """Every gate, passed or not. A figure that is not there does not pass."""
    own = thresholds.progression
    terms = Terms(
        "CRPS skill", own.max_skill_loss, own.max_unpaired_skill_loss, "scans", compare_skills
    )
    return (
        judge_origin(challenger),
        *judge_scans(challenger, thresholds),
        *judge_passing(challenger, thresholds),
        *judge_intervals(challenger, thresholds),
        *judge_rivals(challenger),
        *judge_champion(challenger, champion, rematch, terms),
    )


def judge_scans(challenger: Evidence, thresholds: PromoteParams) -> Iterator[Gate]:
    """Enough patients with a later scan to learn from, and enough held out to be judged by."""
    own, found = thresholds.progression, challenger.n_patients
    name, minimum = "patients with a later scan trained on", own.minimum_patients
    yield Gate(name, f"at least {minimum}", str(found), found >= minimum)
    name, minimum = "patients with a later scan held out", own.minimum_held_out_patients
    row = _find(challenger, "crps_skill")
    if row is None:
        yield not_measured(name, f"at least {minimum}", MEASURE_AGAIN)
    else:
        held = int(row["patients"])
        yield Gate(name, f"at least {minimum}", str(held), held >= minimum)


def judge_passing(challenger: Evidence, thresholds: PromoteParams) -> Iterator[Gate]:
    """Observed over expected and calibration slope of passing each score."""
    table = challenger.tables.get("performance")
    rows = pd.DataFrame() if table is None else table[table["metric"].isin(list(_LABELS))]
    if rows.empty:
        yield not_measured("passing a score", "near what was expected", MEASURE_AGAIN)
        return
    tolerances = (thresholds.max_calibration_error, thresholds.max_slope_error)
    tolerance_of = dict(zip(_LABELS, tolerances, strict=True))
    for row in rows.to_dict("records"):
        metric, threshold = str(row["metric"]), float(row["threshold"])
        name = f"{_LABELS[metric]}, passing {threshold:g}"
        figure = _figure(row)
        remedy = MEASURE_AGAIN if math.isnan(figure.estimate) else _NO_INTERVAL
        yield judge_near_one(name, figure, tolerance_of[metric], remedy)


def judge_intervals(challenger: Evidence, thresholds: PromoteParams) -> Iterator[Gate]:
    """Intervals hold what they say, in every group; a gap beyond chance needs a written reason."""
    from scipy.stats import norm

    accepted = require_reasons(thresholds.accepted_gaps)
    limit = thresholds.progression.max_coverage_error
    required = f"within {100 * limit:g} points of what they say, or by chance"
    table = challenger.tables.get("coverage")
    if table is None:
        yield not_measured("intervals", required, MEASURE_AGAIN)
        return
    levels = [str(name) for name in table if str(name).startswith("inside_")]
    reach = float(norm.isf(_BEYOND_CHANCE / 2 / (len(table) * len(levels))))
    n_failed = 0
    for row in table.to_dict("records"):
        told = []
        for name in levels:
            level, scans = float(name.removeprefix("inside_")) / 100, int(row["scans"])
            off = abs(float(row[name]) - level) if scans else 0.0
            if off > max(limit, reach * math.sqrt(level * (1 - level) / max(scans, 1))):
                told.append(f"{100 * level:g} % interval holds {100 * float(row[name]):.1f} %")
        if told:
            n_failed += 1
            yield _judge_group(str(row["group"]), "; ".join(told), required, accepted)
    if not n_failed:
        yield Gate("intervals", required, f"so in all {len(table)} groups", True)


def judge_rivals(challenger: Evidence) -> Iterator[Gate]:
    """What is used today forecasts worse, beyond chance: the published law, no growth, ..."""
    required = "below the model's, beyond chance"
    table = challenger.tables.get("differences")
    if table is None or table.empty:
        yield not_measured("CRPS skill of what is used today", required, MEASURE_AGAIN)
        return
    for row in table.to_dict("records"):
        name = f"CRPS skill of {row['forecast']}"
        lead = Figure(*(float(row[key]) for key in ("difference", "lower", "upper")))
        if not lead.is_measured:
            yield not_measured(name, required, _NO_INTERVAL)
            continue
        remedy = "" if lead.upper < 0 else f"use {row['forecast']}, or learn from more patients"
        yield Gate(name, required, f"{lead.show('+.3f')} from it", lead.upper < 0, remedy)


def compare_skills(challenger: Evidence, champion: Evidence) -> Compared:
    """The skills of both, each on its own held-out scans."""
    rows = [_find(one, "crps_skill") for one in (challenger, champion)]
    nothing = Figure(math.nan, math.nan, math.nan)
    one, other = (nothing if row is None else _figure(row) for row in rows)
    return Compared(math.nan, one, other, MEASURE_AGAIN)


def _judge_group(group: str, told: str, required: str, accepted: dict[str, str]) -> Gate:
    name, reason = f"intervals, {group}", accepted.get(group)
    if reason is not None:
        return Gate(name, required, f"{told}; accepted: {reason}", True)
    remedy = f"mend the model, or explain the gap in params.yaml: promote.accepted_gaps: {group}"
    return Gate(name, required, told, False, remedy)


def _find(evidence: Evidence, metric: str) -> Mapping[Hashable, Any] | None:
    table = evidence.tables.get("performance")
    rows = [] if table is None else table[table["metric"] == metric].to_dict("records")
    return rows[0] if rows else None


def _figure(row: Mapping[Hashable, Any]) -> Figure:
    return Figure(*(float(row[key]) for key in ("estimate", "lower", "upper")))
