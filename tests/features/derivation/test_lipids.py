from __future__ import annotations

import numpy as np
import pytest

from features.derivation.person.lipids import friedewald
from tests.features.derivation.one_patient import features_of

PANEL = {"total_cholesterol": 210, "hdl_cholesterol": 50, "triglycerides": 150}


def test_friedewald_subtracts_hdl_and_a_fifth_of_triglycerides() -> None:
    found = friedewald(np.array([210.0]), np.array([50.0]), np.array([150.0]))
    assert found == pytest.approx([210 - 50 - 150 / 5])


@pytest.mark.parametrize(("triglycerides", "valid"), [(399, True), (400, False), (900, False)])
def test_friedewald_holds_below_400_mg_of_triglycerides(triglycerides: int, valid: bool) -> None:
    found = features_of(**(PANEL | {"triglycerides": triglycerides}))["ldl_cholesterol"]
    assert np.isfinite(found) == valid


def test_an_ldl_that_is_not_positive_is_no_ldl() -> None:
    assert np.isnan(friedewald(np.array([90.0]), np.array([60.0]), np.array([200.0]))).all()


def test_a_recorded_ldl_is_kept() -> None:
    assert features_of(**PANEL, ldl_cholesterol=100)["ldl_cholesterol"] == 100


def test_ratios_and_remnants_follow_from_the_panel() -> None:
    found = features_of(**PANEL, ldl_cholesterol=120, apob=90)
    assert found["non_hdl_cholesterol"] == 210 - 50
    assert found["cholesterol_ratio"] == pytest.approx(210 / 50)
    assert found["remnant_cholesterol"] == 210 - 50 - 120
    assert found["log_triglycerides_hdl_ratio"] == pytest.approx(np.log(150 / 50))
    assert found["apob_ldl_ratio"] == pytest.approx(90 / 120)


@pytest.mark.parametrize(
    ("intensity", "untreated"),
    [("none", 60), ("low", 60 / 0.75), ("moderate", 60 / 0.6), ("high", 60 / 0.5)],
)
def test_ldl_without_the_statin_is_higher_by_what_its_intensity_lowers(
    intensity: str, untreated: float
) -> None:
    found = features_of(ldl_cholesterol=60, statin_intensity=intensity)
    assert found["ldl_untreated"] == pytest.approx(untreated)


def test_ldl_without_a_statin_is_unknown_where_the_statin_is() -> None:
    assert np.isnan(features_of(ldl_cholesterol=60)["ldl_untreated"])


def test_lipoprotein_a_is_flagged_from_50_mg() -> None:
    assert [features_of(lpa=value)["lpa_high"] for value in (49, 50)] == [0, 1]
