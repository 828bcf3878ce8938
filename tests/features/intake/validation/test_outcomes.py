from __future__ import annotations

import numpy as np
import pandas as pd

from features.intake.validation.findings import Findings
from features.intake.validation.outcomes import (
    EventsNeeded,
    check_leakage,
    check_lost_events,
    check_outcomes,
)

N = 400
EVENT = (np.arange(N) % 4 == 0).astype(int)
TIME = np.random.default_rng(5).uniform(0.1, 10, N)
FOLLOW_UP = pd.DataFrame({"time": TIME, "event": EVENT})


def _leaks(values: object, follow_up: pd.DataFrame = FOLLOW_UP) -> list[str]:
    findings = Findings()
    check_leakage(pd.DataFrame({"x": pd.Series(values)}), follow_up, findings)
    return [problem.rule for problem in findings.problems]


def test_a_strong_baseline_marker_is_no_leak() -> None:
    # Two standard deviations between those with and without the event: an area of 0.92.
    noise = np.random.default_rng(6).normal(size=N)
    assert _leaks(2 * EVENT + noise) == []


def test_a_copy_of_the_event_is_a_leak_in_either_direction() -> None:
    assert _leaks(EVENT.astype(float)) == ["tells the event almost perfectly"]
    assert _leaks(1.0 - EVENT) == ["tells the event almost perfectly"]


def test_a_category_that_only_those_with_the_event_have_is_a_leak() -> None:
    assert _leaks(np.where(EVENT == 1, "died", "well").astype("str")) != []


def test_being_known_only_with_the_event_is_a_leak() -> None:
    assert _leaks(np.where(EVENT == 1, TIME[::-1], np.nan)) == ["tells the event almost perfectly"]


def test_following_the_time_of_the_event_is_a_leak() -> None:
    values = np.where(EVENT == 1, 50 - TIME, TIME[::-1] + 40)
    assert _leaks(values) == ["follows the time of the event almost perfectly"]


def test_a_handful_of_patients_proves_no_leak() -> None:
    few = FOLLOW_UP.head(20)
    assert _leaks(EVENT[:20].astype(float), few) == []


def test_a_column_all_missing_or_constant_is_no_leak() -> None:
    assert _leaks(np.full(N, np.nan)) == []
    assert _leaks(np.ones(N)) == []


def test_a_cohort_with_only_competing_events_has_no_event() -> None:
    findings = Findings()
    check_outcomes(pd.DataFrame({"time": [1.0, 2.0], "event": [2, 0]}), "mi", findings)
    assert "the competing event" in str(findings.problems[0])


def test_fewer_events_than_training_needs_are_warned_of_and_stop_nothing() -> None:
    # 100 events of 400; on 40 % of the patients there are 40.
    findings = Findings()
    check_outcomes(FOLLOW_UP, "mi", findings, EventsNeeded(50, 0.4))
    (warning,) = findings.warnings
    assert "100 patients with the event" in warning.rule
    assert "about 40 would be trained on; training needs 50" in warning.rule
    assert findings.problems == []


def test_as_many_events_as_training_needs_are_not_warned_of() -> None:
    findings = Findings()
    check_outcomes(FOLLOW_UP, "mi", findings, EventsNeeded(50, 0.5))
    assert findings.warnings == []


def test_events_that_go_with_rejected_rows_more_than_others_are_told_in_tens() -> None:
    event = pd.Series(EVENT)
    early = (EVENT == 1) & (np.arange(N) < 96)  # 24 of 100 events, and nobody else
    findings = Findings()
    check_lost_events(event, ~early, "mi", findings)
    (warned,) = findings.warnings
    assert "about 20 of 100 patients with the event are in rejected rows" in warned.rule
    alike, few = Findings(), Findings()
    check_lost_events(event, np.arange(N) >= 96, "mi", alike)
    check_lost_events(event, ~((EVENT == 1) & (np.arange(N) < 30)), "mi", few)
    assert not alike.warnings
    assert not few.warnings
