from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.dictionary.dictionary import Dictionary
from features.errors import CohortError
from features.intake.frame import read_covariates
from tests.features.derivation.one_patient import features_of


def test_exposure_is_intensity_times_years() -> None:
    found = features_of(statin_intensity="high", statin_years=4)["statin_exposure"]
    assert found == pytest.approx(np.log(3 * 4 + 1))


def test_who_takes_no_statin_is_exposed_to_none() -> None:
    assert features_of(statin_intensity="none")["statin_exposure"] == 0
    assert np.isnan(features_of(statin_intensity="low")["statin_exposure"])


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"lipid_lowering": 1}, 1),
        ({"lipid_lowering": 0}, 0),
        ({"statin_intensity": "low"}, 1),
        ({"statin_intensity": "none"}, 0),
        ({"statin_intensity": "none", "ezetimibe": 1}, 1),
        ({"ezetimibe": 0}, np.nan),
        ({"pcsk9_inhibitor": 1}, 1),
    ],
)
def test_any_drug_makes_lipid_lowering_therapy(known: dict[str, Any], expected: float) -> None:
    assert features_of(**known)["lipid_lowering"] == pytest.approx(expected, nan_ok=True)


def test_intensity_adds_what_is_taken_beside_the_statin() -> None:
    found = features_of(statin_intensity="high", ezetimibe=1, pcsk9_inhibitor=1, bempedoic_acid=0)
    assert found["lipid_therapy_intensity"] == 3 + 1 + 2


def test_each_intensity_has_a_column_and_none_is_the_reference() -> None:
    found = features_of(statin_intensity="moderate")
    names = ["statin_intensity_low", "statin_intensity_moderate", "statin_intensity_high"]
    assert found[names].to_list() == [0, 1, 0]
    assert (features_of(statin_intensity="none")[names] == 0).all()


DICTIONARY = Dictionary.load()


def _read(**values: Any) -> pd.Series:
    return read_covariates(pd.DataFrame({k: [v] for k, v in values.items()}), DICTIONARY).iloc[0]


@pytest.mark.parametrize(
    ("drug", "dose", "intensity"),
    [
        ("atorvastatin", 40, "high"),
        ("atorvastatin", 20, "moderate"),
        ("rosuvastatin", 10, "moderate"),
        ("simvastatin", 10, "low"),
        ("pravastatin", 80, "moderate"),
    ],
)
def test_name_and_dose_of_a_statin_give_its_intensity(
    drug: str, dose: float, intensity: str
) -> None:
    assert _read(statin_drug=drug, statin_dose=dose)["statin_intensity"] == intensity


def test_an_intensity_that_is_recorded_stays() -> None:
    read = _read(statin_drug="atorvastatin", statin_dose=80, statin_intensity="moderate")
    assert read["statin_intensity"] == "moderate"


def test_a_statin_without_a_dose_has_no_intensity_where_the_dose_decides() -> None:
    assert pd.isna(_read(statin_drug="atorvastatin")["statin_intensity"])


def test_the_class_of_an_anticoagulant_says_whether_it_is_a_vitamin_k_antagonist() -> None:
    classes = ("none", "vitamin_k_antagonist", "doac", "parenteral")
    found = [_read(anticoagulant=one)["vitamin_k_antagonist"] for one in classes]
    assert found == [0, 1, 0, 0]
    assert pd.isna(_read(anticoagulant=None, age=60)["vitamin_k_antagonist":]).all()


def test_a_batch_has_the_same_columns_whoever_is_in_it() -> None:
    people = pd.DataFrame(
        {"statin_drug": ["atorvastatin", None], "anticoagulant": ["doac", None], "age": [60, 61]}
    )
    known, unknown = (read_covariates(people.iloc[[row]], DICTIONARY) for row in (0, 1))
    assert unknown.dtypes.to_dict() == known.dtypes.to_dict()
    assert {"statin_intensity", "vitamin_k_antagonist"} <= set(unknown)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"statin_drug": "atorvastatin", "statin_intensity": "none"}, "without a statin"),
        ({"anticoagulant": "doac", "vitamin_k_antagonist": 1}, "contradicts the vitamin K"),
        ({"sex": "male", "preeclampsia": 1}, "in a man"),
        ({"age": 50, "menopause_age": 55}, "menopause_age above age"),
        ({"plaque_volume": 100, "noncalcified_plaque_volume": 200}, "above plaque_volume"),
    ],
)
def test_details_that_contradict_another_value_are_refused(
    values: dict[str, Any], rule: str
) -> None:
    with pytest.raises(CohortError, match=rule):
        _read(**values)


def test_a_no_is_true_of_a_man_too() -> None:
    assert _read(sex="male", preeclampsia=0)["preeclampsia"] == 0


@pytest.mark.parametrize(
    "detail", [{"statin_drug": "atorvastatin"}, {"statin_dose": 40}, {"statin_years": 5}]
)
def test_any_detail_of_a_statin_tells_that_lipids_are_treated(detail: dict[str, Any]) -> None:
    assert _read(**detail)["lipid_lowering"] == 1


def test_no_detail_of_a_statin_denies_that_lipids_are_treated() -> None:
    assert pd.isna(_read(statin_years=0)["lipid_lowering"])
    assert _read(statin_years=0, lipid_lowering=1)["lipid_lowering"] == 1
