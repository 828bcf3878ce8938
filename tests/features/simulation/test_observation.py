import numpy as np
import pandas as pd
import pytest

from features.simulation import SimulatedCohort


def test_follow_up_ends_between_fifteen_and_eighteen_and_a_half_years(
    large_cohort: SimulatedCohort,
) -> None:
    time, event = large_cohort.endpoint["time"], large_cohort.endpoint["event"]
    assert time.gt(0).all()
    assert time.max() <= 18.51
    # 1 % a year lost: exp(-0.17) of those without event are seen to the end
    assert (time[event == 0] > 14.99).mean() == pytest.approx(0.85, abs=0.03)


def test_follow_up_ends_at_the_last_visit_at_the_latest(default_cohort: SimulatedCohort) -> None:
    days = default_cohort.endpoint["time"].mul(365.25).round()
    last = default_cohort.entry_date + pd.to_timedelta(days, unit="D")
    assert (last <= np.datetime64("2019-01-01")).all()


def test_what_matters_most_is_hardly_ever_missing(large_cohort: SimulatedCohort) -> None:
    missing = large_cohort.covariates.isna().mean()
    assert missing[["age", "sex", "cac_agatston", "diabetes", "smoking_status"]].eq(0).all()
    assert missing[["systolic_bp", "hdl_cholesterol", "cac_volume"]].max() < 0.04
    assert missing["ldl_cholesterol"] == pytest.approx(0.01, abs=0.01)
    assert missing["lpa_mass"] == pytest.approx(0.08, abs=0.02)
    assert missing["vitamin_d"] == pytest.approx(0.40, abs=0.02)
    assert missing["prior_cac_agatston"] == pytest.approx(0.75, abs=0.01)


def test_values_go_missing_more_often_in_the_old(large_cohort: SimulatedCohort) -> None:
    x = large_cohort.covariates
    old = x["age"] > 70
    assert x.loc[old, "lpa_mass"].isna().mean() > x.loc[~old, "lpa_mass"].isna().mean() + 0.01


def test_measures_that_belong_together_go_missing_together(default_cohort: SimulatedCohort) -> None:
    x = default_cohort.covariates
    assert x["egfr"].isna().equals(x["creatinine"].isna())
    assert x["systolic_bp"].isna().equals(x["diastolic_bp"].isna())


def test_ldl_does_not_exist_above_triglycerides_of_400(large_cohort: SimulatedCohort) -> None:
    x = large_cohort.covariates
    assert x.loc[x["triglycerides"] > 400, "ldl_cholesterol"].isna().all()


def test_some_patients_with_calcium_have_no_lesion_table(default_cohort: SimulatedCohort) -> None:
    assert default_cohort.lesions is not None
    calcified = default_cohort.covariates.index[default_cohort.covariates["cac_agatston"] > 0]
    share = calcified.isin(default_cohort.lesions["patient_id"]).mean()
    assert share == pytest.approx(0.96, abs=0.015)
