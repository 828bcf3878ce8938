"""What can be nothing else is known, whichever door a row comes through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.derivation.columns import Columns
from features.derivation.filling import IMPLIED, Implied
from features.dictionary.dictionary import Dictionary
from features.intake.frame import read_covariates
from features.intake.validation.combinations import COMBINATIONS
from tests.features.derivation.one_patient import features_of

DICTIONARY = Dictionary.load()
TRUE_OF = {
    "cigarettes_per_day": 12.0,
    "lipid_lowering": 0.0,
    "prior_pci": 1.0,
}


def _read(**values: Any) -> pd.DataFrame:
    return read_covariates(pd.DataFrame(values), DICTIONARY)


@pytest.mark.parametrize("rule", IMPLIED, ids=lambda rule: f"{rule.detail} of {rule.variable}")
def test_what_any_other_value_would_contradict_is_filled_in(rule: Implied) -> None:
    said = [None, None, rule.code]
    read = _read(**{rule.variable: said, rule.detail: [TRUE_OF[rule.detail], np.nan, np.nan]})
    filled = read[rule.variable]
    assert filled.iloc[0] == rule.code
    assert filled.isna().tolist() == [False, True, False]


@pytest.mark.parametrize("rule", IMPLIED, ids=lambda rule: f"{rule.detail} of {rule.variable}")
def test_only_what_a_rule_of_combinations_says_is_filled_in(rule: Implied) -> None:
    # every other code is refused beside the detail, so that this one is all that is left
    rules = [one for one in COMBINATIONS if {rule.variable, rule.detail} == set(one.variables)]
    for code in set(DICTIONARY[rule.variable].codes or (0.0, 1.0)) - {rule.code}:
        patient = {rule.detail: [TRUE_OF[rule.detail]], rule.variable: [code]}
        given = Columns(pd.DataFrame(patient), DICTIONARY)
        assert any(one.broken(given).all() for one in rules), code


def test_a_detail_makes_no_column_of_what_the_table_has_none_of() -> None:
    read = _read(cigarettes_per_day=[10.0, 0.0], lipid_lowering=[0.0, 1.0])
    assert "smoking_status" not in read
    assert "statin_intensity" not in read


def test_no_cigarettes_and_years_since_quitting_say_nothing_of_the_status() -> None:
    read = _read(
        smoking_status=[None, None], cigarettes_per_day=[0.0, 0.0], years_since_quitting=[0.0, 5.0]
    )
    assert read["smoking_status"].isna().all()


def test_whoever_has_pack_years_has_smoked_where_smoking_was_asked() -> None:
    found = features_of(pack_years=3, smoking_status=None)
    assert found["smoking_ever"] == 1
    assert np.isnan(found["smoking_status_current"])
    assert np.isnan(features_of(pack_years=0, smoking_status=None)["smoking_ever"])
    assert features_of(pack_years=0, smoking_status="never")["smoking_ever"] == 0
    # without the column everybody else would be read as a patient in whom it is missing
    assert np.isnan(features_of(pack_years=3)["smoking_ever"])
