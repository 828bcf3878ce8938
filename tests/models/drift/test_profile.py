from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.disclosure import SMALLEST_COUNT
from features.errors import ModelError
from models.drift.profile import MINIMUM_RECORDED, Profile, describe
from models.risk.outputs import name_risks

DRAWS = np.random.default_rng(3)


def test_a_profile_is_the_same_after_saving(drawn_covariates: pd.DataFrame, tmp_path: Path) -> None:
    risks = name_risks((5, 10), DRAWS.random((800, 2)))
    profile = Profile.fit(drawn_covariates, risks)
    profile.save(tmp_path / "profile.json")
    assert Profile.load(tmp_path / "profile.json") == profile


def test_deciles_hold_a_tenth_each_and_zeros_their_own_bin() -> None:
    even = describe(pd.Series(np.arange(1000.0)))
    assert even.counts == (100,) * 10 or np.ptp(even.counts) <= 2
    with_zeros = describe(pd.Series(np.r_[np.zeros(500), np.arange(1.0, 501.0)]))
    assert with_zeros.edges[0] == 0
    assert with_zeros.counts[0] == 500


def test_no_level_of_fewer_than_ten_patients_is_counted() -> None:
    column = pd.Series(["white"] * 200 + ["black"] * 9 + ["other"] * 10 + [np.nan] * 5, dtype="str")
    kept = describe(column)
    assert kept.levels == ("other", "white")
    assert kept.counts == (10, 200)
    assert kept.rare == ("black",)
    # nor can the number of rare ones be had by subtraction: each count is off by up to 5
    assert (kept.n_recorded, kept.n_missing) == (220, 10)


def test_two_cohorts_that_differ_by_a_patient_have_the_same_counts() -> None:
    column = pd.Series(np.r_[np.repeat([0.0, 1.0], [233, 118]), [np.nan] * 3])
    without = column.iloc[1:]
    assert describe(column) == describe(without)


def test_every_count_is_a_multiple_of_the_smallest_that_is_told() -> None:
    draws = np.random.default_rng(8)
    values = pd.Series(draws.lognormal(2, 1, 777)).where(draws.random(777) > 0.03)
    kept = describe(values)
    counts = np.array([*kept.counts, kept.n_recorded, kept.n_missing])
    assert (counts % SMALLEST_COUNT == 0).all()


def test_of_few_recorded_values_only_the_share_missing_is_kept() -> None:
    few = describe(pd.Series(np.r_[np.arange(MINIMUM_RECORDED - 1.0), np.full(101, np.nan)]))
    assert few.counts == ()
    assert few.missing_share == 100 / 200
    assert describe(pd.Series(np.full(50, np.nan))).missing_share == 1


def test_no_edge_tells_the_smallest_or_largest_value() -> None:
    values = DRAWS.normal(120, 20, 1000)
    edges = describe(pd.Series(values)).edges
    assert min(edges) > np.sort(values)[50]
    assert max(edges) < np.sort(values)[-50]


def test_a_value_counts_in_the_bin_that_it_was_fitted_in() -> None:
    column = pd.Series(DRAWS.integers(0, 30, 2000).astype(float))
    kept = describe(column)
    assert np.abs(kept.count(column)[0] - kept.counts).max() <= SMALLEST_COUNT / 2
    levels = pd.Series([0.0, 1.0, 1.0] * 100)
    assert describe(levels).count(levels)[0].tolist() == [100, 200]


def test_a_rare_level_is_no_new_one() -> None:
    kept = describe(pd.Series(["a"] * 200 + ["b"] * 3, dtype="str"))
    counts, unseen = kept.count(pd.Series(["a", "b", "c"], dtype="str"))
    assert counts.tolist() == [1, 1]
    assert unseen == 1


def test_a_model_without_profile_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no profile\.json to compare with"):
        Profile.load(tmp_path / "profile.json")
    (tmp_path / "profile.json").write_text("[]")
    with pytest.raises(ModelError, match="not written by this version"):
        Profile.load(tmp_path / "profile.json")


def test_shapes_must_agree(drawn_covariates: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"risk by 5 years must be \(800,\), got \(700,\)"):
        Profile.fit(drawn_covariates, name_risks((5,), np.zeros((700, 1))))
