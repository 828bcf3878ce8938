from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.derivation.columns import Columns
from features.derivation.filling import fill_in
from features.dictionary.dictionary import Dictionary
from features.intake.validation.combinations import COMBINATIONS, check_combinations
from features.intake.validation.findings import Findings


def _broken(**values: Any) -> list[str]:
    findings = Findings()
    covariates = pd.DataFrame({k: [v] for k, v in values.items()}, index=[2])
    check_combinations(Columns(covariates, Dictionary.load()), findings)
    return [reject.rule for reject in findings.rejects]


def test_every_rule_speaks_of_dictionary_variables_and_says_what_to_do() -> None:
    known = set(Dictionary.load())
    for rule in COMBINATIONS:
        assert set(rule.variables) <= known
        assert rule.remedy
    assert len({rule.name for rule in COMBINATIONS}) == len(COMBINATIONS)


@pytest.mark.parametrize("rule", COMBINATIONS, ids=lambda rule: rule.name)
def test_missing_values_contradict_nothing(rule: Any) -> None:
    dictionary = Dictionary.load()
    blank = {
        name: [None] if dictionary[name].kind == "category" else [np.nan] for name in rule.variables
    }
    frame = pd.DataFrame(blank).astype(
        {n: "str" for n in rule.variables if dictionary[n].kind == "category"}
    )
    assert not rule.broken(Columns(frame, dictionary)).any()


VESSELS = {"cac_agatston_lm": 0.0, "cac_agatston_lad": 60.0, "cac_agatston_lcx": 0.0}


def test_vessels_may_differ_from_the_total_by_rounding_only() -> None:
    assert _broken(**VESSELS, cac_agatston_rca=40.0, cac_agatston=101.5) == []
    assert _broken(**VESSELS, cac_agatston_rca=40.0, cac_agatston=150.0) == [
        "vessel scores that do not add up to the total"
    ]


def test_volume_bands_may_fall_short_of_the_volume_but_not_exceed_it() -> None:
    bands = {
        "cac_volume_130_199": 50.0,
        "cac_volume_200_299": 30.0,
        "cac_volume_300_399": 10.0,
        "cac_volume_400_plus": 5.0,
    }
    assert _broken(**bands, cac_volume=120.0) == []
    assert _broken(**bands, cac_volume=80.0) == ["volumes by density that exceed the whole volume"]


def test_a_contradicted_body_mass_index_tells_of_a_wrong_unit() -> None:
    assert _broken(bmi=24.2, height=170.0, weight=70.0) == []
    assert _broken(bmi=24.2, height=170.0, weight=154.0) == [
        "body mass index that height and weight contradict"
    ]


def test_a_drug_that_lowers_lipids_contradicts_no_lipid_lowering() -> None:
    assert _broken(ezetimibe=1.0, lipid_lowering=1.0) == []
    assert _broken(ezetimibe=1.0, lipid_lowering=0.0) == [
        "ezetimibe without lipid-lowering therapy"
    ]


@pytest.mark.parametrize(("score", "warned"), [(100, 0), (33.3, 0), (500, 1), (10, 1), (0, 0)])
def test_a_score_that_no_density_gives_at_its_volume_is_warned_of_and_kept(
    score: float, warned: int
) -> None:
    covariates = pd.DataFrame({"cac_agatston": [score], "cac_volume": [100.0 if score else 0.0]})
    findings = Findings()
    check_combinations(Columns.of(covariates, Dictionary.load()), findings)
    assert len(findings.warnings) == warned
    assert not findings.rejects


def test_some_vessels_may_not_exceed_the_total_either() -> None:
    rule = "vessel scores that do not add up to the total"
    assert _broken(cac_agatston_lad=60.0, cac_agatston_rca=60.0, cac_agatston=100.0) == [rule]
    assert _broken(cac_agatston_lad=150.0, cac_agatston=100.0) == [rule]
    assert _broken(cac_agatston_lad=102.0, cac_agatston=100.0) == []
    assert _broken(cac_agatston_lad=60.0, cac_agatston_rca=30.0, cac_agatston=100.0) == []
    assert _broken(cac_volume_130_199=200.0, cac_volume=100.0) == [
        "volumes by density that exceed the whole volume"
    ]


@pytest.mark.parametrize("counted", ["lesion_count", "vessel_count"])
def test_calcium_has_a_lesion_in_a_vessel_and_none_has_none(counted: str) -> None:
    assert _broken(**{counted: 2.0, "cac_agatston": 90.0}) == []
    assert _broken(**{counted: 0.0, "cac_agatston": 0.0}) == []
    assert len(_broken(**{counted: 0.0, "cac_agatston": 90.0})) == 1
    assert len(_broken(**{counted: 2.0, "cac_agatston": 0.0})) == 1


@pytest.mark.parametrize(("number", "sound"), [(1, False), (2, True), (3, True), (4, False)])
def test_the_left_main_may_be_counted_with_the_lad(number: int, sound: bool) -> None:
    scores = dict(zip(("lm", "lad", "lcx", "rca"), (10.0, 60.0, 0.0, 30.0), strict=True))
    vessels = {f"cac_agatston_{name}": score for name, score in scores.items()}
    assert (_broken(**vessels, vessel_count=float(number)) == []) is sound


def test_a_volume_of_specks_may_have_no_score() -> None:
    assert _broken(cac_agatston=0.0, cac_volume=12.0) == []
    assert _broken(cac_agatston=0.0, cac_volume=500.0) == [
        "Agatston score of zero with a volume of calcium"
    ]


def test_who_has_a_stent_has_coronary_disease() -> None:
    rule = "an intervention on coronary arteries without coronary disease"
    assert _broken(prior_pci=1.0, prior_cad=0.0) == [rule]
    assert _broken(prior_pci=1.0, prior_cad=1.0) == []
    assert _broken(prior_pci=1.0, prior_cad=np.nan) == []


@pytest.mark.parametrize(
    ("intensity", "drug", "dose", "sound"),
    [
        ("high", "simvastatin", 10.0, False),
        ("low", "atorvastatin", 80.0, False),
        ("high", "atorvastatin", 20.0, True),
        ("moderate", "simvastatin", 10.0, True),
        ("high", "simvastatin", np.nan, True),
    ],
)
def test_a_statin_is_of_the_intensity_of_its_dose_or_the_next(
    intensity: str, drug: str, dose: float, sound: bool
) -> None:
    found = _broken(statin_intensity=intensity, statin_drug=drug, statin_dose=dose)
    assert (found == []) is sound


def test_no_dose_of_no_statin_and_a_menopause_in_the_year_of_the_age_are_possible() -> None:
    assert _broken(statin_dose=0.0, statin_intensity="none", lipid_lowering=0.0) == []
    assert _broken(menopause_age=50.5, age=50.0) == []
    assert _broken(menopause_age=52.0, age=50.0) == ["menopause_age above age"]


def test_details_that_contradict_one_another_are_named_alone() -> None:
    table = pd.DataFrame(
        {
            "smoking_status": pd.Series([None, None], dtype="str"),
            "cigarettes_per_day": [10.0, np.nan],
            "years_since_quitting": [5.0, np.nan],
            "statin_intensity": pd.Series([None, None], dtype="str"),
            "statin_years": [np.nan, 4.0],
            "lipid_lowering": [np.nan, 0.0],
        }
    )
    findings, dictionary = Findings(), Dictionary.load()
    check_combinations(Columns(fill_in(table, dictionary), dictionary), findings)
    assert [(one.column, one.rows.tolist()) for one in findings.rejects] == [
        ("cigarettes_per_day, years_since_quitting", [0]),
        ("statin_years, lipid_lowering", [1]),
    ]
