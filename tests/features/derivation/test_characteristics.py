from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.features.derivation.one_patient import features_of


def test_body_mass_index_follows_from_weight_and_height() -> None:
    found = features_of(weight=81, height=180)
    assert found["bmi"] == pytest.approx(81 / 1.8**2)
    assert found["bmi_excess"] == pytest.approx(max(81 / 1.8**2 - 25, 0))


def test_a_recorded_body_mass_index_is_kept() -> None:
    found = features_of(weight=81, height=180, bmi=31)
    assert (found["bmi"], found["bmi_excess"]) == (31, 31 - 25)


def test_pulse_and_mean_pressure_follow_from_both_pressures() -> None:
    found = features_of(systolic_bp=140, diastolic_bp=80)
    assert found["pulse_pressure"] == 140 - 80
    assert found["mean_arterial_pressure"] == pytest.approx(80 + (140 - 80) / 3)


@pytest.mark.parametrize(("treated", "expected"), [(1, 150 - 130), (0, 0), (None, np.nan)])
def test_treated_pressure_is_counted_from_130(treated: float | None, expected: float) -> None:
    found = features_of(systolic_bp=150, bp_treated=treated)["treated_systolic_bp"]
    assert found == pytest.approx(expected, nan_ok=True)


def test_the_waist_is_also_taken_by_height() -> None:
    assert features_of(waist=90, height=180)["waist_height_ratio"] == pytest.approx(90 / 180)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"smoking_status": "current"}, 1),
        ({"smoking_status": "former", "years_since_quitting": 0}, 1),
        ({"smoking_status": "former", "years_since_quitting": 5}, 5 / (5 + 5)),
        ({"smoking_status": "former", "years_since_quitting": 20}, 5 / (5 + 20)),
        ({"smoking_status": "never"}, 0),
        ({"smoking_status": "former"}, np.nan),
        ({"years_since_quitting": 5}, np.nan),
    ],
)
def test_smoking_fades_with_the_years_since_quitting(
    known: dict[str, Any], expected: float
) -> None:
    assert features_of(**known)["smoking_recency"] == pytest.approx(expected, nan_ok=True)


def test_who_never_smoked_has_no_pack_years_and_who_quit_no_cigarettes() -> None:
    assert features_of(smoking_status="never")["log_pack_years"] == 0
    assert features_of(smoking_status="former")["log_cigarettes_per_day"] == 0
    assert np.isnan(features_of(smoking_status="former")["log_pack_years"])
    assert np.isnan(features_of(smoking_status="current")["log_cigarettes_per_day"])


def test_the_guideline_is_met_from_150_minutes() -> None:
    found = [features_of(activity_minutes=minutes)["activity_guideline"] for minutes in (149, 150)]
    assert found == [0, 1]


def test_an_amount_below_zero_is_no_amount() -> None:
    assert np.isnan(features_of(alcohol_drinks=-1)["log_alcohol_drinks"])
