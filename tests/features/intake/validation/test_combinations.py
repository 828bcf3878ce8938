from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.derivation.columns import Columns
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
