from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.errors import CohortError, ConfigError
from models.leakage.gate import Verdict, find_leaks
from models.leakage.leak import Leak
from tests.fast_part import fast_each, fast_only
from tests.models.leakage.planted import (
    VALUES,
    Plant,
    age_at_end,
    competing_flag,
    distance_from_middle,
    drug_begun_later,
    good_for_one,
    visits,
)
from tests.models.leakage.shipped import real, simulated, simulated_briefly, with_column

REAL = ("smart", "framingham", "framingham_exam3")
LEAK = Leak("outcome", "hba1c", "it tells the event", "Remove it", finding="event")
ONE_OF_EACH_CHECK = tuple({check: plant for plant, check in VALUES.items()}.values())


def test_no_leak_is_raised_on_the_embedded_cohort() -> None:
    assert find_leaks(simulated()) == ()


@pytest.mark.parametrize("name", REAL)
def test_no_leak_is_raised_on_a_real_cohort(name: str) -> None:
    assert find_leaks(real(name)) == ()


@pytest.mark.parametrize(
    "plant", fast_only(ONE_OF_EACH_CHECK, VALUES), ids=lambda plant: plant.__name__
)
def test_a_planted_leak_is_caught_and_nothing_else_is_blamed(plant: Plant) -> None:
    subject = simulated_briefly()
    values = plant(subject, np.random.default_rng(3))
    leaks = find_leaks(with_column(subject, "new_column", values))
    assert VALUES[plant] in {leak.check for leak in leaks}
    assert {leak.column for leak in leaks} == {"new_column"}
    # whatever is found can be accepted, by the key that its message names
    reasons = {leak.key: "planted on purpose by this very test" for leak in leaks}
    assert Verdict(leaks, reasons).passed


@pytest.mark.parametrize(
    "plant", fast_each(4, [*VALUES, good_for_one]), ids=lambda plant: plant.__name__
)
def test_a_leak_planted_into_a_real_cohort_is_caught(plant: Plant) -> None:
    # smart has no competing event, framingham more patients than needed for the others
    subject = real("framingham" if plant is competing_flag else "smart")
    values = plant(subject, np.random.default_rng(3))
    leaks = find_leaks(with_column(subject, "new_column", values))
    assert {leak.column for leak in leaks} == {"new_column"}


@pytest.mark.parametrize("plant", [visits, age_at_end, drug_begun_later, distance_from_middle])
def test_where_most_are_followed_to_the_end_leaks_of_time_are_caught_as_well(plant: Plant) -> None:
    subject = real("framingham")
    values = plant(subject, np.random.default_rng(3))
    leaks = find_leaks(with_column(subject, "new_column", values))
    assert {leak.column for leak in leaks} == {"new_column"}


def test_reasons_let_leaks_pass_finding_by_finding() -> None:
    other = replace(LEAK, column="ldl_cholesterol")
    again = replace(LEAK, check="too_good", finding="", measured="alone has a C-index of 0.97")
    verdict = Verdict((LEAK, other, again), {"hba1c.event": "measured at entry in a second sample"})
    assert verdict.open == (other, again)
    with pytest.raises(CohortError, match="ldl_cholesterol: it tells the event"):
        verdict.require_passed("mine")
    assert Verdict((), {}).passed


def test_a_word_is_no_reason() -> None:
    with pytest.raises(ConfigError, match=r"leakage\.accepted\.hba1c\.event: write why"):
        Verdict((LEAK,), {"hba1c.event": "ok"})


@pytest.mark.parametrize("key", ["hba1c", "hba1c.all", ".event"])
def test_a_reason_for_whatever_is_found_in_a_variable_is_refused(key: str) -> None:
    with pytest.raises(ConfigError, match=r"one finding of one column, such as age\.too_good"):
        Verdict((LEAK,), {key: "measured at entry in a second sample"})


def test_nobody_is_too_few_to_be_looked_at() -> None:
    subject = simulated_briefly()
    few = replace(
        subject,
        columns=subject.columns.iloc[:1],
        endpoint=subject.endpoint.take([0]),
        site=None,
        entry=None,
        held_out=None,
    )
    assert find_leaks(few) == ()


def test_a_cohort_in_which_all_are_censored_has_no_outcome_to_leak() -> None:
    subject = simulated_briefly()
    censored = replace(subject.endpoint, event=np.zeros(len(subject.endpoint), dtype=np.int8))
    assert find_leaks(replace(subject, endpoint=censored)) == ()


def test_no_patients_value_is_in_what_is_said() -> None:
    subject = simulated_briefly()
    secret = np.where(subject.has_event, "Smith had an infarction", "well")
    said = repr(find_leaks(with_column(subject, "new_column", secret)))
    assert "Smith" not in said
