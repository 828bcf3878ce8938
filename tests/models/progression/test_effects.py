from __future__ import annotations

import numpy as np

from features.dictionary.dictionary import Dictionary
from models.progression.effects import CALCIUM, EVENTS, load_effects
from models.progression.training.priors import list_excluded
from models.progression.two_scans.densification import DENSIFIED, explain_rise
from models.progression.two_scans.repeatability import RISE, WITHIN_NOISE


def test_every_effect_stands_beside_its_effect_on_events_with_a_source() -> None:
    ledger = load_effects()
    assert "has not been shown to prevent events" in ledger.headline
    for effect in ledger.effects:
        assert effect.calcium in CALCIUM
        assert effect.events in EVENTS
        assert effect.calcium_source and effect.events_source and effect.verified
        assert set(effect.variables) <= set(Dictionary.load())


def test_null_results_are_shown_as_null() -> None:
    found = {effect.id: effect.calcium for effect in load_effects().effects}
    assert (found["vitamin_k2"], found["rivaroxaban_for_warfarin"]) == ("none", "none")
    assert [name for name, calcium in found.items() if calcium == "slower"] == ["hexasodium_fytate"]


def test_what_trials_found_without_effect_on_calcium_enters_no_model() -> None:
    null = {e.id for e in load_effects().effects if e.calcium == "none"} & {"vitamin_k2"}
    assert null <= list_excluded(Dictionary.load())


def test_a_rise_on_a_statin_is_densification_only_where_volumes_say_so() -> None:
    verdict = np.array([RISE, RISE, RISE, WITHIN_NOISE, RISE], dtype=object)
    statin = np.array([True, True, True, True, False])
    before = np.array([50.0, 50.0, np.nan, 50.0, 50.0])
    now = np.array([40.0, 60.0, 40.0, 40.0, 40.0])
    assert explain_rise(verdict, statin, before, now).tolist() == [DENSIFIED, "", "", "", ""]
