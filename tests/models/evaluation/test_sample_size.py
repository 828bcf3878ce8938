from __future__ import annotations

import math

import pytest

from models.evaluation.sample_size import least_sample_size, least_sample_size_of_yes_or_no


def test_the_published_example_of_recurrent_thrombosis() -> None:
    # Riley BMJ 2020: 30 parameters, R2 .051, .065 events a year, 2.07 years of follow-up: 5,143
    patients, years = 10_000, 2.07
    events = round(patients * years * 0.065)
    found = least_sample_size(30, patients, events, patients * years, 2.0, r2=0.051)
    assert found.by_shrinkage == pytest.approx(30 / (-0.1 * math.log(1 - 0.051 / 0.9)), abs=1)
    assert found.needed == pytest.approx(5143, abs=1)
    assert found.events == pytest.approx(692, abs=1)


def test_more_parameters_need_more_patients_and_rarer_events_do_too() -> None:
    few = least_sample_size(10, 5_000, 400, 50_000.0, 10.0)
    many = least_sample_size(100, 5_000, 400, 50_000.0, 10.0)
    rare = least_sample_size(10, 5_000, 100, 50_000.0, 10.0)
    assert many.needed > 5 * few.needed
    assert rare.by_shrinkage > few.by_shrinkage


def test_the_overall_risk_is_then_known_to_within_five_points() -> None:
    found = least_sample_size(1, 2_000, 300, 16_000.0, 8.0)
    years = found.by_overall_risk * found.mean_followup
    error = math.sqrt(found.rate / years) * 8.0 * math.exp(-found.rate * 8.0)
    assert 1.96 * error == pytest.approx(0.05, rel=0.01)


def test_a_yes_or_no_is_held_to_the_criteria_for_a_yes_or_no() -> None:
    # Riley BMJ 2020, box 1: to know a risk of a half to within .05 takes 385 patients
    assert least_sample_size_of_yes_or_no(1, 0.5).by_overall_risk == 385
    # the largest R2 of Cox and Snell where half of the patients have it is 3/4
    found = least_sample_size_of_yes_or_no(24, 0.5)
    assert found.by_shrinkage == pytest.approx(24 / (-0.1 * math.log(1 - 0.1125 / 0.9)), abs=1)
    rare = least_sample_size_of_yes_or_no(24, 0.1)
    assert rare.needed > found.needed
    assert rare.events == math.ceil(rare.needed * 0.1)
