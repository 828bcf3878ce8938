from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from features.dictionary.data_files import data_file
from features.errors import MapError
from models.treatment_effects.effects import TreatmentEffects
from models.treatment_effects.entry import SEEN

SHIPPED = yaml.safe_load(data_file("reference/treatment_effects.yaml").read_text())


def _load(tmp_path: Path, **changes: Any) -> TreatmentEffects:
    """The shipped file with keys of the entry ``aspirin`` replaced; None removes one."""
    entry = {**SHIPPED["options"]["aspirin"], **changes}
    entry = {key: value for key, value in entry.items() if value is not None}
    path = tmp_path / "effects.yaml"
    path.write_text(yaml.safe_dump({**SHIPPED, "options": {"aspirin": entry}}, sort_keys=False))
    return TreatmentEffects.load(path)


def test_every_treatment_that_a_clinician_may_ask_for_has_an_entry() -> None:
    effects = TreatmentEffects.load()
    with_figures = {name for name, option in effects.items() if option.effect}
    assert {"statin_high", "bempedoic_acid", "bp_lowering", "smoking_cessation"} <= with_figures
    without = {name for name, option in effects.items() if option.status == "not_established"}
    assert {"vitamin_k2", "vitamin_d", "magnesium", "calcium_supplement"} <= without
    assert {"chelation", "calcification_inhibitor", "lithotripsy"} <= without


def test_what_was_not_seen_in_the_source_shows_no_figure() -> None:
    for option in TreatmentEffects.load().values():
        if option.checked not in SEEN:
            assert option.effect is None
            harm = option.harm.text if option.harm else ""
            assert not re.search(r"\d\.\d|\d %", option.text + harm)


def test_only_randomised_evidence_may_lower_a_risk_by_default() -> None:
    for option in TreatmentEffects.load().values():
        assert (option.status == "randomised") <= ("RCT" in option.evidence)
        if option.status == "observational":
            assert "estimate is observational" in option.text


def test_aspirin_says_how_often_it_causes_bleeding() -> None:
    harm = TreatmentEffects.load()["aspirin"].harm
    assert harm is not None and "bleeding: hazard ratio 1.43 (1.30-1.56)" in harm.text
    assert harm.outweighs and harm.number == 210 and harm.years == 6.4
    assert harm.number_by(6.4) == pytest.approx(210)
    assert harm.number_by(3.2) == pytest.approx(420)


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("aspirin", (0.89, 0.84, 0.94)),  # Zheng 2019, as corrected
        ("angiotensin_receptor_blocker", (0.920, 0.869, 0.975)),  # Savarese 2013
        ("mediterranean_diet_coronary", (0.753, 0.568, 0.998)),  # CORDIOPREV 2022
        ("smoking_cessation", (0.61, 0.49, 0.76)),  # Duncan 2019
        ("smoking_cessation_coronary", (0.68, 0.57, 0.82)),  # Critchley 2003, heart attacks
        ("sglt2_inhibitor", (0.91, 0.87, 0.96)),  # SMART-C 2024
        ("glp1_agonist", (0.86, 0.79, 0.94)),  # Giugliano 2021
    ],
)
def test_effects_are_those_of_their_sources(name: str, figures: tuple[float, ...]) -> None:
    effect = TreatmentEffects.load()[name].effect
    assert effect is not None
    assert (effect.estimate, effect.low, effect.high) == figures


@pytest.mark.parametrize("name", ["statin_high", "statin_moderate", "ezetimibe", "pcsk9_inhibitor"])
def test_the_effect_on_ldl_is_that_of_the_trials_per_mmol(name: str) -> None:
    option = TreatmentEffects.load()[name]
    assert option.effect is not None
    assert (option.effect.estimate, option.effect.low, option.effect.high) == (0.79, 0.77, 0.81)
    assert option.amount.per == 38.67  # mg/dL in one mmol/L
    assert option.basis == "ldl"


def test_no_trial_of_a_mixed_outcome_with_most_of_it_stroke_is_applied_to_the_heart() -> None:
    assert TreatmentEffects.load()["mediterranean_diet"].effect is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"efect": {}}, "'efect' is not known"),
        ({"label": " "}, "'label' must be a text"),
        ({"checked": "unverified"}, "must not be shown"),
        ({"checked": "perhaps"}, "must be one of"),
        ({"status": "not_established"}, "an effect belongs to"),
        ({"effect": None}, "an effect belongs to"),
        ({"evidence": "Mendelian/cohort"}, "do not agree"),
        ({"status": "observational"}, "do not agree"),
        ({"variables": ["ldl"]}, "not in the data dictionary"),
        ({"effect": {"estimate": 0.9, "low": 0.95, "high": 1, "per": "x"}}, "hold the estimate"),
        ({"effect": {"estimate": "0.9", "low": 0.8, "high": 1, "per": "x"}}, "must be a number"),
        ({"amount": {"kind": "twice"}}, "must be one of"),
        ({"amount": {"kind": "lower_by"}}, "an amount is of a variable"),
        (
            {"amount": {"kind": "lower_share", "variable": "ldl_cholesterol", "share": 2}},
            "between 0 and 1",
        ),
        ({"sets": {"antiplatelet": "triple"}}, "must be one of"),
        ({"sets": {"ezetimibe": "yes"}}, "only be set to true"),
        ({"harm": {"name": "y", "text": "x", "number": 200}}, "belongs to its years"),
        ({"harmful": {"when": {"condition": "bad_luck"}, "why": "x"}}, "must be one of"),
        ({"recommended": {"when": {"any": []}, "by": "x"}}, "needs a list"),
        ({"eligibility": [{"variable": "diabetes", "is": 1, "why": "x"}]}, "yes or no"),
        ({"eligibility": [{"variable": "sex", "in": ["f"], "why": "x"}]}, "must be one of"),
        ({"eligibility": [{"variable": "age", "why": "x"}]}, "'at_least', 'above' or 'below'"),
        ({"eligibility": [{"variable": "age", "below": 60}]}, "'why'"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(MapError, match=message):
        _load(tmp_path, **changes)


def test_the_shipped_entry_is_accepted_unchanged(tmp_path: Path) -> None:
    assert _load(tmp_path)["aspirin"] == TreatmentEffects.load()["aspirin"]


def test_a_bound_outside_0_to_1_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "effects.yaml"
    bound = {"strongest_relative_effect": 1.0, "source": "x"}
    path.write_text(yaml.safe_dump({**SHIPPED, "combination": bound}))
    with pytest.raises(MapError, match="between 0 and 1"):
        TreatmentEffects.load(path)
    with pytest.raises(MapError):
        TreatmentEffects.load(tmp_path / "absent.yaml")
