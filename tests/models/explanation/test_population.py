from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.cohort_map.own_variables import read_own_variables
from features.derivation.catalogue import CATALOGUE
from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import GROUPS, OWN_GROUP, Variable
from models.explanation.explanation import Explanation
from models.explanation.population import (
    describe_value,
    rank_levels,
    read_weights,
    relative_weights,
    summarise_groups,
    summarise_variables,
    write_weights,
)

DICTIONARY = Dictionary.load()


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("age", 61.0, "Age: 61 years"),
        ("ldl_cholesterol", 148.26, "LDL cholesterol: 148 mg/dL"),
        ("hba1c", 5.25, "HbA1c: 5.25 %"),
        ("sex", "male", "Sex: male"),
        ("diabetes", 0.0, "Diabetes: no"),
        ("diabetes", 1.0, "Diabetes: yes"),
        ("cac_agatston", 1234.4, "Coronary calcium score (Agatston): 1,234"),
        ("age", np.nan, "Age: not recorded"),
        ("sex", None, "Sex: not recorded"),
    ],
)
def test_values_are_written_in_canonical_units(name: str, value: object, text: str) -> None:
    assert describe_value(value, DICTIONARY[name]) == text


def test_codes_rank_in_their_order_and_those_without_one_do_not() -> None:
    covariates = pd.DataFrame(
        {
            "age": [50.0, np.nan],
            "statin_intensity": pd.array(["high", "none"], dtype="str"),
            "ethnicity": pd.array(["white", "black"], dtype="str"),
        }
    )
    levels = rank_levels(covariates, DICTIONARY)
    assert levels["statin_intensity"].tolist() == [3, 0]
    assert levels["ethnicity"].isna().all()


def test_categories_of_a_cohort_map_have_no_order_and_what_is_derived_is_told_as_that() -> None:
    plaque = Variable(
        "plaque", "Plaque", OWN_GROUP, "category", "", "", codes=("none", "soft", "hard"), own=True
    )
    covariates = pd.DataFrame({"plaque": pd.array(["soft", "none", "hard"], dtype="str")})
    known = {**DICTIONARY, "plaque": plaque}
    levels = rank_levels(covariates, known)
    assert levels["plaque"].isna().all()
    contributions = pd.DataFrame({"plaque": [0.01, 0.02, 0.03], "egfr": [0.01, 0.02, 0.03]})
    table = summarise_variables(contributions, levels, known).set_index("variable")
    assert table.loc["plaque", "direction"] == "no natural order"
    assert table.loc["egfr", "direction"] == "not recorded itself"


def test_directions_are_told_as_associations_and_treatments_carry_a_caution() -> None:
    values = np.linspace(-0.02, 0.02, 50)
    contributions = pd.DataFrame(
        {
            "age": values,
            "hdl_cholesterol": -2 * values,
            "statin_intensity": values / 4,
            "lpa_mass": 0.0,
        }
    )
    order = np.arange(50.0)
    levels = pd.DataFrame({"age": order, "hdl_cholesterol": order, "statin_intensity": order % 4})
    table = summarise_variables(contributions, levels, DICTIONARY).set_index("variable")
    assert list(table.index) == ["hdl_cholesterol", "age", "statin_intensity", "lpa_mass"]
    assert table.loc["age", "direction"] == "higher values, higher risk"
    assert table.loc["hdl_cholesterol", "direction"] == "higher values, lower risk"
    assert table.loc["statin_intensity", "direction"] == "both directions"
    assert table.loc["lpa_mass", "direction"] == "negligible contribution"
    assert "marks treated disease" in str(table.loc["statin_intensity", "caution"])
    assert table["caution"].astype(bool).sum() == 1


def test_groups_are_ranked_by_mean_size_in_percentage_points() -> None:
    groups = summarise_groups(pd.DataFrame({"lipids": [0.01, -0.01], "calcium": [0.05, 0.01]}))
    assert groups["group"].tolist() == ["calcium", "lipids"]
    assert groups["mean_size_points"].tolist() == pytest.approx([(5 + 1) / 2, 1])


def test_a_variable_weighs_what_it_moves_a_risk_where_it_is_recorded(tmp_path: Path) -> None:
    names = tuple(feature.name for feature in CATALOGUE)
    age = next(i for i, feature in enumerate(CATALOGUE) if feature.variable == "age")
    values = np.zeros((3, len(names)))
    values[:, age] = [0.02, -0.01, 0.5]
    risk = np.array([0.1, 0.2, 0.5])
    explained = Explanation(
        values, np.zeros(3), 0.1, risk, names, 10.0, pd.RangeIndex(3), np.zeros((3, 1))
    )
    covariates = pd.DataFrame({"age": [60.0, 50.0, np.nan], "bmi": [np.nan, np.nan, np.nan]})
    weights = relative_weights(explained, covariates)
    assert weights == {"age": pytest.approx((0.02 / 0.1 + 0.01 / 0.2) / 2)}
    write_weights(weights, tmp_path / "weights.json")
    assert read_weights(tmp_path / "weights.json") == {"age": 0.125}


def test_a_variable_of_ones_own_is_no_treatment_and_of_no_group_of_the_dictionary() -> None:
    entries = read_own_variables("c.yaml", {"gout": {"label": "Gout", "kind": "boolean"}})
    # as models were kept whose own variables had a group of the dictionary
    for group in (entries["gout"]["group"], "emerging"):
        known = Dictionary.load().extended({"gout": {**entries["gout"], "group": group}})
        contributions = pd.DataFrame({"gout": np.linspace(-0.02, 0.02, 50)})
        (row,) = summarise_variables(contributions, contributions, known).to_dict("records")
        assert (row["group"], row["caution"]) == (OWN_GROUP, "")
    assert OWN_GROUP not in GROUPS
