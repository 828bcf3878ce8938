from __future__ import annotations

import pytest

from features.dictionary.dictionary import Dictionary
from features.intake.fhir.elements.dates import read_when
from features.intake.fhir.resources.quantity import UnknownUnitError, read_quantity
from tests.features.intake.fhir.records import quantity

DICTIONARY = Dictionary.load()


@pytest.mark.parametrize(
    ("name", "value", "unit", "expected"),
    [
        ("systolic_bp", 120.0, "mm[Hg]", 120.0),
        ("systolic_bp", 16.0, "kPa", 16.0 * 7.50062),
        ("ldl_cholesterol", 3.0, "mmol/L", 3.0 * 38.67),
        ("heart_rate", 60.0, "/min", 60.0),
        ("heart_rate", 60.0, "{beats}/min", 60.0),
        ("egfr", 90.0, "mL/min/{1.73_m2}", 90.0),
        ("uacr", 30.0, "mg/g{creat}", 30.0),
        ("uacr", 3.0, "mg/mmol{creat}", 3.0 * 8.84),
        ("hba1c", 48.0, "mmol/mol", 48.0 * 0.09148 + 2.152),
        ("hba1c", 48.0, "mmol/mol{Hb}", 48.0 * 0.09148 + 2.152),
        ("weight", 150.0, "[lb_av]", 150.0 * 0.45359237),
        ("height", 70.0, "[in_i]", 70.0 * 2.54),
        ("bmi", 25.0, "kg/m2", 25.0),
        ("cac_agatston", 55.0, "1", 55.0),
        ("cac_agatston", 55.0, "{score}", 55.0),
        ("cac_agatston", 55.0, "[AU]", 55.0),
        ("cac_agatston", 55.0, "Agatston", 55.0),
        ("cac_agatston", 55.0, "Agatston Units", 55.0),
        ("cac_agatston", 55.0, "{Agatston'U}", 55.0),
        ("cac_density_hu", 250.0, "[hnsf'U]", 250.0),
        ("magnesium", 0.85, "mmol/L", 0.85 * 2.4305),
        ("magnesium", 1.7, "mval/L", 0.85 * 2.4305),
        ("cigarettes_per_day", 20.0, "/d", 20.0),
        ("cigarettes_per_day", 20.0, "{cigarettes}/d", 20.0),
        ("creatinine", 80.0, "umol/L", 80.0 * 0.0113096584),
    ],
)
def test_ucum_units_become_the_canonical_unit(
    name: str, value: float, unit: str, expected: float
) -> None:
    assert read_quantity(quantity(value, unit), DICTIONARY[name]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("ldl_cholesterol", ""),
        ("ldl_cholesterol", "1"),
        ("ldl_cholesterol", "{score}"),
        ("systolic_bp", "cm[H2O]"),
        ("cac_agatston", "mm3"),
        ("weight", "kg/m2"),
    ],
)
def test_a_unit_that_does_not_belong_is_never_taken_for_another(name: str, unit: str) -> None:
    with pytest.raises(UnknownUnitError):
        read_quantity(quantity(5.0, unit), DICTIONARY[name])


def test_a_printed_unit_serves_where_there_is_no_code() -> None:
    ldl = DICTIONARY["ldl_cholesterol"]
    assert read_quantity({"value": 100, "unit": "mg/dl"}, ldl) == 100.0


@pytest.mark.parametrize("value", [None, "5", True, float("nan"), 10**400, [5]])
def test_what_is_no_finite_number_is_no_value(value: object) -> None:
    assert read_quantity({"value": value, "unit": "mg/dL"}, DICTIONARY["ldl_cholesterol"]) is None


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("2020-02-29", ("2020-02-29", "2020-02-29")),
        ("2020-02", ("2020-02-01", "2020-02-29")),
        ("2020", ("2020-01-01", "2020-12-31")),
        ("2020-02-29T23:30:00-05:00", ("2020-02-29", "2020-02-29")),
        ("2020-02-29T23:30:00.123456789Z", ("2020-02-29", "2020-02-29")),
    ],
)
def test_a_date_lasts_as_long_as_it_can_mean(written: str, days: tuple[str, str]) -> None:
    from datetime import date

    found = read_when(written)
    assert found is not None
    assert (found.first, found.last) == tuple(date.fromisoformat(day).toordinal() for day in days)


@pytest.mark.parametrize(
    "written", ["", "2020-13", "2021-02-29", "29.02.2020", "20200229", None, 5]
)
def test_what_is_no_fhir_date_is_no_date(written: object) -> None:
    assert read_when(written) is None


def test_moments_of_one_day_are_ordered_across_time_zones() -> None:
    early, late = read_when("2020-05-01T10:00:00+02:00"), read_when("2020-05-01T09:00:00Z")
    assert early is not None and late is not None
    assert early.moment < late.moment
