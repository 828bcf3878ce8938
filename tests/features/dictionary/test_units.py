from __future__ import annotations

import numpy as np
import pytest

from features.dictionary.dictionary import Dictionary
from features.dictionary.units import find_unit, suspect_unit, to_canonical
from features.errors import MapError

DICTIONARY = Dictionary.load()


@pytest.mark.parametrize(
    ("name", "value", "unit", "canonical"),
    [
        ("ldl_cholesterol", 3.0, "mmol/L", 3.0 * 38.67),
        ("triglycerides", 1.7, "mmol/L", 1.7 * 88.57),
        ("glucose", 5.6, "mmol/L", 5.6 * 18.016),
        ("creatinine", 88.42, "umol/L", 1.0),
        ("hba1c", 48.0, "mmol/mol", 0.09148 * 48 + 2.152),
        ("height", 1.7, "m", 170.0),
        ("ejection_fraction", 0.55, "fraction", 100 * 0.55),
        ("weight", 100.0, "lb", 45.359237),
        ("lpa_mass", 0.5, "g/L", 50.0),
        ("vitamin_d", 50.0, "nmol/L", 50.0 / 2.496),
        ("magnesium", 0.8, "mmol/L", 0.8 * 2.4305),
        ("hscrp", 0.2, "mg/dL", 2.0),
        ("uacr", 3.0, "mg/mmol", 3.0 * 8.84),
        ("age", 600.0, "months", 50.0),
        ("alcohol_drinks", 140.0, "g/week", 10.0),
    ],
)
def test_a_value_is_the_same_amount_in_the_canonical_unit(
    name: str, value: float, unit: str, canonical: float
) -> None:
    assert to_canonical([value], DICTIONARY[name], unit) == pytest.approx([canonical], rel=2e-3)


def test_without_a_unit_values_are_canonical() -> None:
    values = np.array([1.0, np.nan])
    np.testing.assert_array_equal(to_canonical(values, DICTIONARY["apob"], None), values)


@pytest.mark.parametrize(("name", "unit"), [("lpa_mass", "nmol/L"), ("lpa_molar", "mg/dL")])
def test_lipoprotein_a_is_never_converted_between_mass_and_number(name: str, unit: str) -> None:
    with pytest.raises(MapError, match=f"{name}: unit '{unit}' is not accepted"):
        to_canonical([50.0], DICTIONARY[name], unit)


def test_a_unit_the_variable_does_not_accept_is_an_error_that_lists_those_it_does() -> None:
    with pytest.raises(MapError, match=r"apob: unit 'stone' is not accepted .accepted: mg/dL, g/L"):
        to_canonical([1.0], DICTIONARY["apob"], "stone")


def test_a_category_accepts_no_unit() -> None:
    with pytest.raises(MapError, match="accepted: none"):
        to_canonical([1.0], DICTIONARY["sex"], "m")


@pytest.mark.parametrize(
    ("name", "declared", "values", "seems"),
    [
        ("total_cholesterol", "mg/dL", [4.2, 5.1, 7.7], "mmol/L"),
        ("ldl_cholesterol", "mg/dL", [2.1, 3.3, 5.2], "mmol/L"),
        ("hdl_cholesterol", "mg/dL", [0.8, 1.2, 2.4], "mmol/L"),
        ("triglycerides", "mg/dL", [0.5, 1.1, 4.0], "mmol/L"),
        ("glucose", "mg/dL", [4.4, 5.6, 19.0], "mmol/L"),
        ("creatinine", "mg/dL", [55.0, 80.0, 140.0], "umol/L"),
        ("creatinine", "umol/L", [0.6, 0.9, 1.4], "mg/dL"),
        ("hba1c", "%", [34.0, 42.0, 70.0], "mmol/mol"),
        ("hba1c", "mmol/mol", [5.2, 5.8, 8.0], "%"),
        ("ejection_fraction", "%", [0.3, 0.55, 0.65], "fraction"),
        ("ejection_fraction", "fraction", [30.0, 55.0, 65.0], "%"),
        ("height", "cm", [1.55, 1.70, 1.92], "m"),
        ("height", "m", [155.0, 170.0, 192.0], "cm"),
        ("height", None, [61.0, 67.0, 75.0], "in"),
        ("total_cholesterol", "mmol/L", [160.0, 200.0, 300.0], "mg/dL"),
    ],
)
def test_values_that_can_only_be_in_another_unit_betray_it(
    name: str, declared: str | None, values: list[float], seems: str
) -> None:
    assert suspect_unit(values, DICTIONARY[name], declared) == seems


@pytest.mark.parametrize(
    ("name", "declared", "values"),
    [
        ("total_cholesterol", "mg/dL", [160.0, 200.0, 300.0]),
        ("total_cholesterol", "mmol/L", [4.2, 5.1, 7.7]),
        ("weight", "kg", [150.0, 160.0]),
        ("systolic_bp", "mmHg", [0.0, 1.0]),
        ("sex", None, [0.0, 1.0]),
        ("glucose", "mg/dL", []),
        ("glucose", "mg/dL", [np.nan, np.inf]),
    ],
)
def test_values_that_fit_the_declared_unit_or_none_betray_nothing(
    name: str, declared: str | None, values: list[float]
) -> None:
    assert suspect_unit(values, DICTIONARY[name], declared) is None


def test_a_few_strange_values_do_not_make_the_unit_suspect() -> None:
    mixed = [5.0] * 40 + [200.0] * 60
    assert suspect_unit(mixed, DICTIONARY["total_cholesterol"], "mg/dL") is None


def test_one_value_is_enough_to_tell() -> None:
    assert suspect_unit([5.0], DICTIONARY["total_cholesterol"], "mg/dL") == "mmol/L"


@pytest.mark.parametrize(
    ("name", "spelling", "unit"),
    [
        ("ldl_cholesterol", "mmol/l", "mmol/L"),
        ("ldl_cholesterol", "MMOL/L", "mmol/L"),
        ("ldl_cholesterol", "mg/dl", "mg/dL"),
        ("creatinine", "umol/L", "umol/L"),
        ("creatinine", "\u00b5mol/l", "umol/L"),  # the micro sign
        ("creatinine", "\u03bcmol/L", "umol/L"),  # the Greek letter
        ("creatinine", "\u00b5mol/l".upper(), "umol/L"),
        ("creatinine", "mcmol/L", "umol/L"),
        ("systolic_bp", "mm[Hg]", "mmHg"),
        ("systolic_bp", "mm Hg", "mmHg"),
        ("bmi", "kg/m\u00b2", "kg/m2"),
        ("bmi", "kg/m^2", "kg/m2"),
        ("bmi", "kg/m**2", "kg/m2"),
        ("egfr", "mL/min/{1.73_m2}", "mL/min/1.73m2"),
        ("egfr", "ml/min/1.73 m\u00b2", "mL/min/1.73m2"),
        ("weight", "[lb_av]", "lb"),
        ("height", "[in_i]", "in"),
        ("heart_rate", "/min", "1/min"),
        ("heart_rate", "{beats}/min", "1/min"),
        ("heart_rate", "bpm", "1/min"),
        ("age", "a", "years"),
        ("cac_volume", "mm\u00b3", "mm3"),
        ("cac_density_hu", "[hnsf'U]", "HU"),
        ("vitamin_k2", "mcg/d", "ug/day"),
        ("vitamin_d_supplement", "[IU]/d", "IU/day"),
        ("alcohol_drinks", "{drinks}/wk", "drinks/week"),
    ],
)
def test_the_usual_spellings_of_a_unit_are_the_same_unit(
    name: str, spelling: str, unit: str
) -> None:
    variable = DICTIONARY[name]
    assert find_unit(spelling, variable) == unit
    assert to_canonical([3.0], variable, spelling) == to_canonical([3.0], variable, unit)


def test_no_spelling_means_two_units_of_one_variable() -> None:
    for variable in DICTIONARY.values():
        for unit in variable.units:
            others = [one for one in variable.units if one != unit]
            for spelling in (unit.lower(), unit.upper(), f" {unit} "):
                assert find_unit(spelling, variable) == unit, (variable.name, others)


@pytest.mark.parametrize("spelling", ["", "mmol", "mol/L", "umol/dL", "mg/L", "L/mmol"])
def test_another_unit_is_no_spelling(spelling: str) -> None:
    assert find_unit(spelling, DICTIONARY["ldl_cholesterol"]) is None


def test_a_column_in_another_unit_is_seen_however_the_declared_one_is_spelt() -> None:
    assert suspect_unit([2.1, 3.3, 5.2], DICTIONARY["ldl_cholesterol"], "MG/DL") == "mmol/L"
