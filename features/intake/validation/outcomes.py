"""Whether the endpoint can teach anything, and whether a covariate gives it away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.disclosure import SMALLEST_COUNT, round_count
from features.endpoint import COMPETING, EVENT
from features.intake.validation.findings import Findings

_TOO_GOOD = 0.99
_FEWEST = 20


@dataclass(frozen=True)
class EventsNeeded:
    """How many events training needs, and on which share of the patients it is done."""

    minimum: int = 0
    trained_on: float = 1.0


NONE_NEEDED = EventsNeeded()


def check_outcomes(
    follow_up: pd.DataFrame, column: str, findings: Findings, needed: EventsNeeded = NONE_NEEDED
) -> None:
    """Problems of an endpoint as a whole: one patient, no events, only events.

    Warns where fewer events are left to train on than training needs.
    """
    n_patients, n_events = len(follow_up), int((follow_up["event"] == EVENT).sum())
    if n_patients == 1:
        findings.problem("", "holds one patient", "A model needs many; see minimum_events")
    elif n_events == 0:
        competing = int((follow_up["event"] == COMPETING).sum())
        rule = "has no patient with the event: everyone is censored"
        if competing:
            rule = "has no patient with the event: everyone is censored or has the competing event"
        findings.problem(column, rule, "Check which code means the event in the map")
    elif n_events == n_patients:
        rule = "says that every patient has the event"
        remedy = "Check which code means the event; patients without it must be in the file too"
        findings.problem(column, rule, remedy)
    elif n_events * needed.trained_on < needed.minimum:
        rule = (
            f"has {n_events} patients with the event, of whom about "
            f"{n_events * needed.trained_on:.0f} would be trained on; training needs "
            f"{needed.minimum} (train.minimum_events)"
        )
        remedy = "Pool cohorts, take a wider endpoint, or use the cohort to judge a model"
        findings.warn(column, rule, remedy)


def check_lost_events(
    event: pd.Series, kept: npt.NDArray[np.bool_], column: str, findings: Findings
) -> None:
    """Warns where patients with the event are rejected so much more often that risks are too low.

    ``event`` and ``kept`` (n,): of every row that was read. Ten events or more, and a share at
    least twice that of the others.
    """
    occurred = (event == EVENT).to_numpy()
    lost, lost_others = int((occurred & ~kept).sum()), int((~occurred & ~kept).sum())
    n_events, n_others = int(occurred.sum()), int((~occurred).sum())
    if lost < SMALLEST_COUNT or lost * n_others < 2 * lost_others * n_events:
        return
    rule = (
        f"about {round_count(lost)} of {round_count(n_events)} patients with the event are in "
        "rejected rows, and of the others a smaller share: without them risks come out too low"
    )
    remedy = "Correct these rows; to times rounded down to whole units add half a unit"
    findings.warn(column, rule, remedy)


def check_leakage(covariates: pd.DataFrame, follow_up: pd.DataFrame, findings: Findings) -> None:
    """Problems of covariates that foretell the endpoint better than any baseline value can.

    Above 0.99 in the area under the curve for the event (of the value, or of its being missing),
    or in the rank correlation with the time among those with the event. Needs twenty patients with
    and twenty without the event: among fewer a strong marker may come that far by chance.
    """
    event = (follow_up["event"] == EVENT).to_numpy()
    if min(event.sum(), (~event).sum()) < _FEWEST:
        return
    remedy = "It looks known only after entry: remove it from the map and list it under outcomes"
    time = follow_up["time"].to_numpy(dtype=np.float64)
    for name, values in covariates.items():
        if any(_tells(marker, event) for marker in _markers(values)):
            findings.problem(str(name), "tells the event almost perfectly", remedy)
        elif values.dtype == np.float64 and _follows(values, time, event):
            findings.problem(str(name), "follows the time of the event almost perfectly", remedy)


def _markers(values: pd.Series) -> list[npt.NDArray[np.float64]]:
    missing = values.isna().to_numpy(dtype=np.float64)
    if values.dtype == np.float64:
        return [values.to_numpy(), missing]
    levels = values.dropna().unique()
    return [missing, *((values == level).to_numpy(dtype=np.float64) for level in levels)]


def _tells(marker: npt.NDArray[np.float64], event: npt.NDArray[np.bool_]) -> bool:
    known = np.isfinite(marker)
    n_with, n_without = int(event[known].sum()), int((~event[known]).sum())
    if min(n_with, n_without) < _FEWEST:
        return False
    ranks = pd.Series(marker[known]).rank().to_numpy()
    # Mann-Whitney: the area under the curve from the rank sum of those with the event.
    area = (ranks[event[known]].sum() - n_with * (n_with + 1) / 2) / (n_with * n_without)
    return bool(max(area, 1 - area) > _TOO_GOOD)


def _follows(
    values: pd.Series, time: npt.NDArray[np.float64], event: npt.NDArray[np.bool_]
) -> bool:
    known = event & values.notna().to_numpy()
    if known.sum() < _FEWEST or values[known].nunique() < _FEWEST:
        return False
    ranks = pd.DataFrame({"value": values[known].to_numpy(), "time": time[known]}).rank()
    return bool(abs(ranks["value"].corr(ranks["time"])) > _TOO_GOOD)
