from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import derive_features
from features.derivation.lipids import LOWEST_LDL, sampson
from features.dictionary.dictionary import Dictionary
from tests.features.derivation.one_patient import features_of

PANEL = {"total_cholesterol": 210, "hdl_cholesterol": 50, "triglycerides": 150}


@pytest.mark.parametrize(
    ("total", "hdl", "triglycerides", "ldl"),
    [
        # where Friedewald's sum gives 25
        (
            120,
            35,
            300,
            120 / 0.948 - 35 / 0.971 - 300 / 8.56 - 300 * 85 / 2140 + 90000 / 16100 - 9.44,
        ),
        (
            210,
            50,
            150,
            210 / 0.948 - 50 / 0.971 - 150 / 8.56 - 150 * 160 / 2140 + 22500 / 16100 - 9.44,
        ),
    ],
)
def test_ldl_follows_from_the_panel_by_sampson(
    total: float, hdl: float, triglycerides: float, ldl: float
) -> None:
    found = sampson(np.array([total]), np.array([hdl]), np.array([triglycerides]))
    assert found == pytest.approx([ldl])


def test_low_ldl_at_high_triglycerides_is_not_taken_too_low() -> None:
    panel = {"total_cholesterol": 120, "hdl_cholesterol": 35, "triglycerides": 300}
    assert features_of(**panel)["ldl_cholesterol"] == pytest.approx(40, abs=0.5)


@pytest.mark.parametrize(("triglycerides", "valid"), [(799, True), (800, True), (801, False)])
def test_sampson_holds_up_to_800_mg_of_triglycerides(triglycerides: int, valid: bool) -> None:
    panel = PANEL | {"total_cholesterol": 300, "triglycerides": triglycerides}
    assert np.isfinite(features_of(**panel)["ldl_cholesterol"]) == valid


def test_an_ldl_that_is_not_positive_is_no_ldl() -> None:
    assert np.isnan(sampson(np.array([90.0]), np.array([70.0]), np.array([400.0]))).all()


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


@pytest.mark.parametrize(("name", "limit"), [("lpa_molar", 125), ("lpa_mass", 50)])
def test_lipoprotein_a_is_high_by_the_limit_of_its_own_unit(name: str, limit: float) -> None:
    found = [features_of(**{name: value})[f"{name}_high"] for value in (limit - 1, limit)]
    assert found == [0, 1]


@pytest.mark.parametrize(("name", "other"), [("lpa_molar", "lpa_mass"), ("lpa_mass", "lpa_molar")])
def test_one_measure_of_lipoprotein_a_says_nothing_of_the_other(name: str, other: str) -> None:
    found = features_of(**{name: 80})
    assert np.isnan(found[f"log_{other}"]) and np.isnan(found[f"{other}_high"])


@pytest.mark.parametrize(("intensity", "untreated"), [("none", 60), ("high", 180), (None, 180)])
def test_ldl_measured_before_treatment_stands_where_a_statin_may_be_taken(
    intensity: str | None, untreated: float
) -> None:
    given = {} if intensity is None else {"statin_intensity": intensity}
    found = features_of(ldl_cholesterol=60, ldl_before_treatment=180, **given)
    assert found["ldl_untreated"] == untreated


def test_the_lowest_ldl_is_the_one_that_the_dictionary_holds_possible() -> None:
    assert Dictionary.load()["ldl_cholesterol"].limits[0] == LOWEST_LDL


@pytest.mark.parametrize("hdl", [20.0, 45.0, 90.0])
@pytest.mark.parametrize("triglycerides", [40.0, 120.0, 400.0, 800.0])
def test_ldl_rises_with_the_total_and_is_a_gap_at_none(hdl: float, triglycerides: float) -> None:
    totals = np.arange(hdl + 1, 400.0)
    table = pd.DataFrame({"total_cholesterol": totals, "hdl_cholesterol": hdl,
                          "triglycerides": triglycerides})  # fmt: skip
    found = derive_features(table)["ldl_cholesterol"].to_numpy()
    assert (np.diff(found) >= 0).all() and found[0] < found[-1]
    low = found <= LOWEST_LDL
    assert (found > 0).all() and (found[low] <= (totals - hdl)[low]).all()
    by_equation = sampson(totals, np.full(len(totals), hdl), np.full(len(totals), triglycerides))
    known = by_equation > LOWEST_LDL
    np.testing.assert_array_equal(found[known], by_equation[known])
