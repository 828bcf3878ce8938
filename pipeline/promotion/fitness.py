"""The gates that look at the challenger alone: events, calibration, what it was trained on."""

from __future__ import annotations

import math

from pipeline.promotion.evidence import Evidence, Figure
from pipeline.promotion.gate import MEASURE_AGAIN, Gate, not_measured
from pipeline.settings.params import PromoteParams

_NO_INTERVAL = f"set evaluate.n_bootstrap above 0, {MEASURE_AGAIN}"


def judge_origin(challenger: Evidence) -> Gate:
    """A simulated cohort may show the software at work, and says so in capitals."""
    found = "SIMULATED COHORT, NOT FOR CARE" if challenger.simulated else "a cohort of patients"
    return Gate("trained on", "simulated only to demonstrate", found, True)


def judge_events(challenger: Evidence, thresholds: PromoteParams) -> tuple[Gate, Gate]:
    """Enough events to learn from, and enough held out to be judged by."""
    minimum, found = thresholds.minimum_events, challenger.n_events
    trained = Gate("events trained on", f"at least {minimum}", str(found), found >= minimum)
    minimum = thresholds.minimum_held_out_events
    name, required = "events held out", f"at least {minimum}"
    table = challenger.tables.get("metrics")
    if table is None:
        return trained, not_measured(name, required)
    rows = table[(table["evaluation"] == "held_out") & (table["metric"] == "c_index")]
    if rows.empty:
        return trained, not_measured(name, required)
    events = int(rows["events"].max())
    return trained, Gate(name, required, str(events), events >= minimum)


def judge_calibration(challenger: Evidence, thresholds: PromoteParams) -> tuple[Gate, ...]:
    """Observed over expected, and the slope, at every horizon the model is for."""
    asked = (
        ("observed_over_expected", "observed over expected", thresholds.max_calibration_error),
        ("calibration_slope", "calibration slope", thresholds.max_slope_error),
    )
    return tuple(
        _judge_at(f"{label}, {h:g} years", challenger.figure(metric, h), tolerance)
        for h in challenger.horizons
        for metric, label, tolerance in asked
    )


def _judge_at(name: str, figure: Figure, tolerance: float) -> Gate:
    remedy = MEASURE_AGAIN if math.isnan(figure.estimate) else _NO_INTERVAL
    return judge_near_one(name, figure, tolerance, remedy)


def judge_near_one(name: str, figure: Figure, tolerance: float, remedy: str) -> Gate:
    """A ratio or slope that is 1 where it is right. ``remedy``: where it is not measured."""
    required = f"{1 - tolerance:.2f} to {1 + tolerance:.2f}, or 1 in the interval"
    if not figure.is_measured:
        return not_measured(name, required, remedy)
    # The last digit of a decimal threshold is not to decide.
    near = abs(figure.estimate - 1) <= tolerance + 1e-12
    # With few held-out events a ratio of 1.15 is noise, and refusing it would be a lottery.
    by_chance = figure.lower <= 1 <= figure.upper
    return Gate(name, required, figure.show(), near or by_chance)
