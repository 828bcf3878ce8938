from __future__ import annotations

import pytest

from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from models.leakage.checks.names import sounds_like_outcome
from tests.models.leakage.shipped import MAPS


@pytest.mark.parametrize(
    "name",
    [
        *(
            "event",
            "CVD_event",
            "eventDate",
            "mace_5y",
            "death_code",
            "time_to_mi",
            "followup_days",
        ),
        *("Follow-up", "survival_months", "days_since_last_visit", "last_contact", "TIMECVD"),
        *("chdatt_time_to_event", "primary_outcome", "died", "isDead", "censored", "label", "fu"),
        *("bp_post_baseline", "ldl_after_entry", "discharge_status", "incident_af", "exitus"),
    ],
)
def test_outcomes_are_known_by_their_names(name: str) -> None:
    assert sounds_like_outcome(name)


@pytest.mark.parametrize(
    "name",
    [
        *("preventive_therapy", "prior_event", "family_history_death", "eventually", "time_asleep"),
        *("previous_mace", "status", "target_ldl_reached_before", "fungal", "diedrich_index"),
    ],
)
def test_the_past_and_mere_likeness_are_no_outcome(name: str) -> None:
    assert not sounds_like_outcome(name)


def test_no_variable_of_the_dictionary_sounds_like_an_outcome() -> None:
    assert [name for name in Dictionary.load() if sounds_like_outcome(name)] == []


@pytest.mark.parametrize("name", sorted(path.stem for path in MAPS.glob("*.yaml")))
def test_no_column_that_a_shipped_map_reads_sounds_like_an_outcome(name: str) -> None:
    sources = CohortMap.load(name, MAPS).variables.values()
    columns = [column for source in sources for column in source.columns]
    assert [column for column in columns if sounds_like_outcome(column)] == []
