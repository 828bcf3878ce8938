from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.dictionary.dictionary import Dictionary
from features.errors import CohortError
from features.intake.lesions.lesion_summary import summarise_lesions

LESIONS = pd.DataFrame(
    {
        "patient_id": ["b", "a", "a", "a"],
        "lesion": [1, 1, 2, 3],
        "vessel": ["lm", "lad", "lad", "rca"],
        "agatston": [2.0, 40.0, 8.0, 4.0],
        "volume": [6.0, 30.0, 9.0, 6.0],
        "area": [2.0, 10.0, 3.0, 2.0],
        "mass": [1.0, 8.0, 2.0, 1.0],
        "mean_hu": [150.0, 350.0, 220.0, 160.0],
        "peak_hu": [180.0, 600.0, 320.0, 190.0],
        "length": [2.0, 9.0, 3.5, 2.5],
        "volume_130_199": [6.0, 5.0, 4.0, 6.0],
        "volume_200_299": [0.0, 5.0, 4.0, 0.0],
        "volume_300_399": [0.0, 5.0, 1.0, 0.0],
        "volume_400_plus": [0.0, 15.0, 0.0, 0.0],
    }
)


def test_sums_over_lesions_are_the_scores_of_the_patient() -> None:
    a = summarise_lesions(LESIONS).loc["a"]
    assert a["cac_agatston"] == 40 + 8 + 4
    assert (a["cac_agatston_lad"], a["cac_agatston_rca"], a["cac_agatston_lm"]) == (40 + 8, 4, 0)
    assert (a["cac_volume"], a["cac_mass"]) == (30 + 9 + 6, 8 + 2 + 1)
    assert a["cac_volume_130_199"] == 5 + 4 + 6


def test_lesions_vessels_and_the_largest_lesion_are_counted() -> None:
    a = summarise_lesions(LESIONS).loc["a"]
    assert (a["lesion_count"], a["vessel_count"], a["largest_lesion_volume"]) == (3, 2, 30)


def test_short_lesions_are_spotty_and_long_dense_ones_large_and_dense() -> None:
    summary = summarise_lesions(LESIONS)
    assert summary["spotty_lesion_count"].to_dict() == {"a": 1, "b": 1}
    assert summary["sheet_lesion_count"].to_dict() == {"a": 1, "b": 0}


def test_density_is_weighted_by_volume_and_the_score_is_agatston_over_area() -> None:
    a = summarise_lesions(LESIONS).loc["a"]
    assert a["cac_density_hu"] == pytest.approx((30 * 350 + 9 * 220 + 6 * 160) / (30 + 9 + 6))
    assert a["cac_density_score"] == pytest.approx((40 + 8 + 4) / (10 + 3 + 2))


def test_the_summary_speaks_the_words_of_the_dictionary() -> None:
    assert set(summarise_lesions(LESIONS).columns) <= set(Dictionary.load())


def test_the_order_of_lesions_does_not_matter() -> None:
    shuffled = LESIONS.iloc[[2, 0, 3, 1]]
    pd.testing.assert_frame_equal(summarise_lesions(shuffled), summarise_lesions(LESIONS))


def test_what_was_not_measured_is_not_given() -> None:
    summary = summarise_lesions(LESIONS[["patient_id", "vessel", "agatston", "volume"]])
    assert not {"cac_density_hu", "spotty_lesion_count", "cac_mass"} & set(summary.columns)


def test_a_sum_with_a_missing_lesion_is_missing() -> None:
    holed = LESIONS.assign(volume=[6.0, np.nan, 9.0, 6.0])
    summary = summarise_lesions(holed)
    assert summary["cac_volume"].isna().to_dict() == {"a": True, "b": False}
    assert summary.loc["a", "cac_agatston"] == 40 + 8 + 4


def test_an_empty_table_gives_no_patient() -> None:
    summary = summarise_lesions(LESIONS.iloc[:0])
    assert summary.empty
    assert "cac_agatston" in summary


def test_identifiers_are_kept_as_text() -> None:
    summary = summarise_lesions(LESIONS.assign(patient_id=[7, 8, 8, 8]))
    assert list(summary.index) == ["7", "8"]


def test_missing_columns_are_all_named_at_once() -> None:
    with pytest.raises(CohortError) as caught:
        summarise_lesions(LESIONS.drop(columns=["vessel", "volume"]))
    assert [problem.column for problem in caught.value.problems] == ["vessel", "volume"]


def test_a_vessel_of_another_name_is_an_error_that_counts_rows() -> None:
    with pytest.raises(CohortError, match=r"vessel: must be lm, lad, lcx, rca \(1 row\)"):
        summarise_lesions(LESIONS.assign(vessel=["aorta", "lad", "lad", "rca"]))


def test_a_score_that_no_area_can_have_gives_no_density_score() -> None:
    small = LESIONS.assign(area=[0.1, 10.0, 3.0, 2.0])
    found = summarise_lesions(small)["cac_density_score"]
    assert np.isnan(found["b"])
    assert found["a"] == pytest.approx((40 + 8 + 4) / (10 + 3 + 2))
