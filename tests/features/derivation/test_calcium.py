from __future__ import annotations

import csv
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.derivation.calcium import HIGHEST, arterial_age
from features.derivation.catalogue import derive_features
from features.derivation.columns import Columns
from features.derivation.known_calcium import PartOfScore, find_parts
from features.dictionary.data_files import data_file
from features.dictionary.dictionary import Dictionary
from tests.features.derivation.one_patient import features_of

VESSELS = {
    "cac_agatston_lm": 0,
    "cac_agatston_lad": 60,
    "cac_agatston_lcx": 10,
    "cac_agatston_rca": 30,
}


def test_the_score_enters_as_its_logarithm_plus_a_flag_for_zero() -> None:
    some, none = features_of(cac_agatston=99), features_of(cac_agatston=0)
    assert (some["log_cac"], some["cac_zero"]) == (pytest.approx(np.log(99 + 1)), 0)
    assert (none["log_cac"], none["cac_zero"]) == (0, 1)


def test_arterial_age_is_that_of_mcclelland_2009() -> None:
    expected = [39.1, 39.1 + 7.25 * np.log(100 + 1)]
    np.testing.assert_allclose(arterial_age(np.array([0.0, 100.0])), expected)


def test_the_excess_of_arterial_age_is_over_the_age_in_years() -> None:
    excess = features_of(cac_agatston=100, age=60)["arterial_age_excess"]
    assert excess == pytest.approx(39.1 + 7.25 * np.log(100 + 1) - 60)


def test_the_total_is_the_sum_of_the_vessels_where_it_is_not_recorded() -> None:
    assert features_of(**VESSELS)["log_cac"] == pytest.approx(np.log(60 + 10 + 30 + 1))


def test_the_recorded_total_goes_before_the_sum() -> None:
    assert features_of(cac_agatston=50, **VESSELS)["log_cac"] == pytest.approx(np.log(50 + 1))


def test_the_total_is_unknown_where_a_vessel_is() -> None:
    assert np.isnan(features_of(**(VESSELS | {"cac_agatston_lm": None}))["log_cac"])


def test_vessels_that_are_known_bound_a_total_that_is_not() -> None:
    table = pd.DataFrame([VESSELS] * 5, dtype=float)
    table.loc[[1, 3], "cac_agatston_lm"] = np.nan
    table.loc[2] = np.nan
    table.loc[4, "cac_agatston_lad"] = np.nan
    table["cac_agatston"] = [np.nan, np.nan, np.nan, 250.0, np.nan]
    found = find_parts(Columns(table, Dictionary.load()))
    bound, other = PartOfScore(60 + 10 + 30, 3), PartOfScore(10 + 30, 3)
    assert found == [None, bound, None, None, other]
    assert find_parts(Columns(table.iloc[:0], Dictionary.load())) == []


@pytest.mark.parametrize("found", ["cac_volume", "lesion_count", "vessel_count"])
def test_that_nothing_was_counted_is_no_score_of_zero(found: str) -> None:
    # of who was not scanned a table of lesions has none either
    assert np.isnan(features_of(**{found: 0})["log_cac"])


def test_without_calcium_no_vessel_and_no_volume_has_any() -> None:
    none = features_of(cac_agatston=0)
    zero = ["log_cac_agatston_lad", "left_main_calcium", "log_cac_volume", "log_cac_mass"]
    assert (none[zero] == 0).all()


def test_with_calcium_a_vessel_that_is_not_recorded_is_unknown() -> None:
    assert np.isnan(features_of(cac_agatston=10)["log_cac_agatston_lad"])


def test_the_volume_is_the_sum_of_its_bands_where_it_is_not_recorded() -> None:
    bands = {"130_199": 5, "200_299": 4, "300_399": 3, "400_plus": 2}
    found = features_of(**{f"cac_volume_{band}": value for band, value in bands.items()})
    assert found["log_cac_volume"] == pytest.approx(np.log(5 + 4 + 3 + 2 + 1))


def test_any_calcium_in_the_left_main_is_flagged() -> None:
    assert features_of(cac_agatston_lm=3)["left_main_calcium"] == 1
    assert features_of(cac_agatston_lm=0)["left_main_calcium"] == 0


MESA_AGES = {"45-54": 50, "55-64": 60, "65-74": 70, "75-84": 80}
HOFF_AGES = {"<40": 37.5, "40-44": 42.5}


def percentile(**columns: object) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return derive_features(pd.DataFrame(columns))["cac_percentile"].to_numpy()


def nodes(table: str, ages: dict[str, float]) -> pd.DataFrame:
    """One row per point of the table whose score is above zero and not shared with another."""
    rows = []
    with data_file(f"reference/{table}_cac_percentile_cutoffs.csv").open() as file:
        for row in csv.DictReader(file):
            if row["age_band"] not in ages:
                continue
            points = [(float(k[1:]), float(v)) for k, v in row.items() if k.startswith("p")]
            rows += [
                {
                    "age": ages[row["age_band"]],
                    "sex": row["sex"].lower(),
                    "ethnicity": row.get("race", "").lower() or None,
                    "cac_agatston": score,
                    "wanted": share,
                }
                for share, score in points
                if score > 0
            ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("table", "ages", "count"), [("mesa", MESA_AGES, 117), ("hoff2001", HOFF_AGES, 10)]
)
def test_a_score_of_the_table_has_the_percentile_of_the_table(
    table: str, ages: dict[str, float], count: int
) -> None:
    points = nodes(table, ages)
    assert len(points) == count
    found = derive_features(points)["cac_percentile"]
    np.testing.assert_allclose(found, points["wanted"], rtol=1e-12)


def test_a_white_man_of_60_with_a_score_of_155_is_at_the_75th_percentile() -> None:
    assert percentile(age=[60], sex=["male"], ethnicity=["white"], cac_agatston=[155]) == (
        pytest.approx([75.0])
    )


def test_between_two_points_it_is_linear_in_the_log_of_the_score_plus_one() -> None:
    middle = np.sqrt((28 + 1) * (155 + 1)) - 1
    found = percentile(age=[60], sex=["male"], ethnicity=["white"], cac_agatston=[middle])
    assert found == pytest.approx([(50 + 75) / 2])


def test_between_two_ages_the_points_are_interpolated_on_the_same_scale() -> None:
    median = np.sqrt((28 + 1) * (145 + 1)) - 1
    found = percentile(age=[65], sex=["male"], ethnicity=["white"], cac_agatston=[median])
    assert found == pytest.approx([50.0])


def test_a_score_of_zero_takes_the_middle_of_the_ranks_below_a_score_of_one() -> None:
    # The median of white women of 60 is 0 and the 75th percentile 16.
    below_one = 50 + 25 * np.log(2) / np.log(16 + 1)
    found = percentile(age=[60], sex=["female"], ethnicity=["white"], cac_agatston=[0])
    assert found == pytest.approx([below_one / 2])


def test_any_calcium_stands_above_none() -> None:
    found = percentile(
        age=[80, 80], sex=["male"] * 2, ethnicity=["white"] * 2, cac_agatston=[0.0, 0.2]
    )
    assert found[0] <= found[1]


def test_above_the_table_the_percentile_goes_on_rising_below_a_hundred() -> None:
    scores = np.array([743, 1500, 3000, 15000])
    found = percentile(age=[60] * 4, sex=["male"] * 4, ethnicity=["white"] * 4, cac_agatston=scores)
    assert found[0] == pytest.approx(95)
    assert (np.diff(found) > 0).all()
    assert found[-1] <= HIGHEST < 100


def test_a_score_below_zero_has_no_percentile() -> None:
    found = percentile(age=[60], sex=["male"], ethnicity=["white"], cac_agatston=[-1])
    assert np.isnan(found).all()


def test_ethnicity_bears_on_it_from_45_years_alone() -> None:
    columns = {"sex": ["male"] * 2, "ethnicity": ["white", "black"], "cac_agatston": [50] * 2}
    younger, older = percentile(age=[44, 44], **columns), percentile(age=[60, 60], **columns)
    assert younger[0] == younger[1]
    assert older[0] < older[1]


@pytest.mark.parametrize("ethnicity", ["south_asian", "other", None])
def test_without_a_table_of_their_own_people_are_compared_without_ethnicity(
    ethnicity: str | None,
) -> None:
    # Hoff 2001: men of 55 to 59 years, 90th percentile 554.
    found = percentile(age=[57.5], sex=["male"], ethnicity=[ethnicity], cac_agatston=[554])
    assert found == pytest.approx([90.0])


def test_beyond_the_outer_bands_age_makes_no_difference() -> None:
    found = percentile(
        age=[80, 84, 100], sex=["male"] * 3, ethnicity=["white"] * 3, cac_agatston=[385] * 3
    )
    assert found == pytest.approx([50.0, 50.0, 50.0])


@pytest.mark.parametrize("missing", ["age", "sex", "cac_agatston"])
def test_it_is_missing_where_score_age_or_sex_is(missing: str) -> None:
    columns = {"age": [60], "sex": ["male"], "ethnicity": ["white"], "cac_agatston": [10]}
    assert np.isnan(percentile(**(columns | {missing: [None]}))).all()


@given(
    age=st.floats(18, 100),
    sex=st.sampled_from(["female", "male"]),
    ethnicity=st.sampled_from(["white", "black", "hispanic", "chinese", "other"]),
    scores=st.lists(st.floats(0, 15000), min_size=2, max_size=20),
)
def test_more_calcium_is_never_a_lower_percentile(
    age: float, sex: str, ethnicity: str, scores: list[float]
) -> None:
    n = len(scores)
    found = percentile(
        age=[age] * n, sex=[sex] * n, ethnicity=[ethnicity] * n, cac_agatston=sorted(scores)
    )
    assert all(low <= high + 1e-9 for low, high in pairwise(found))
    assert (found >= 0).all()
    assert (found <= HIGHEST).all()
