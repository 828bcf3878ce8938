from __future__ import annotations

from features.dictionary.dictionary import Dictionary
from models.progression.effects import CALCIUM, EVENTS, load_effects
from models.progression.training.priors import list_excluded


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
