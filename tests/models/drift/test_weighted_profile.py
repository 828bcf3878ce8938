"""Patients drawn with unequal chances are compared as the population that they stand for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.array_types import FloatArray
from features.sample.survey import effective_size
from models.drift.comparison import compare_covariates, compare_outputs
from models.drift.profile import Profile, describe
from models.drift.shift import adjust_all
from models.risk.outputs import name_risks
from tests.fast_part import fast_only

Weighted = tuple[pd.DataFrame, FloatArray]


def _draw(n: int, seed: int) -> pd.DataFrame:
    """A population in which the old have more diabetes, calcium and gaps."""
    draws = np.random.default_rng(seed)
    age = draws.uniform(45, 85, n)
    older = (age - 65) / 20
    calcium = np.where(draws.random(n) < 0.5 - 0.2 * older, 0, draws.lognormal(4 + older, 1.2, n))
    volume = calcium * draws.lognormal(0, 0.2, n)
    hscrp = np.where(draws.random(n) < 0.2 + 0.15 * older, np.nan, draws.lognormal(0.5, 1, n))
    return pd.DataFrame(
        {
            "age": age.round(),
            "cac_agatston": calcium.round(1),
            "cac_volume": volume.round(1),
            "diabetes": (draws.random(n) < 0.2 + 0.1 * older).astype(float),
            "ethnicity": pd.Series(
                np.where(draws.random(n) < 0.3 + 0.2 * older, "white", "black"), dtype="str"
            ),
            "hscrp": hscrp,
        }
    )


def _sample(n: int, seed: int) -> Weighted:
    """Of n people the old were drawn up to eight times as often as the young."""
    people = _draw(n, seed)
    chance = np.asarray(np.interp(people["age"], [45, 85], [0.1, 0.8]))
    drawn = np.random.default_rng(seed + 1).random(n) < chance
    return people[drawn], 1 / chance[drawn]


def _risks(frame: pd.DataFrame) -> FloatArray:
    margin = 0.06 * (frame["age"] - 65) + 0.2 * np.log1p(frame["cac_agatston"]) - 3
    return np.asarray(1 / (1 + np.exp(-margin.to_numpy(np.float64)[:, None])))


def _fit(sample: pd.DataFrame, weight: FloatArray | None) -> Profile:
    return Profile.fit(sample, name_risks((10.0,), _risks(sample)), weight)


def _drifted(
    profile: Profile, frame: pd.DataFrame, weight: FloatArray | None = None
) -> set[tuple[str, str]]:
    shifts = [*compare_covariates(profile, frame, weight)]
    shifts += compare_outputs(profile, name_risks((10.0,), _risks(frame)), weight)
    return {(one.kind, one.name) for one in adjust_all(shifts) if one.drifted}


@pytest.mark.parametrize("n", fast_only([400], [60, 400, 4000]))
def test_a_population_is_no_drift_from_its_weighted_sample(n: int) -> None:
    alarms = 0
    for seed in range(0, 60, 3):
        sample, weight = _sample(4000, seed)
        alarms += bool(_drifted(_fit(sample, weight), _draw(n, seed + 2)))
    # one in a hundred is granted: more than 2 of 20 have a chance of 1 in 1,000
    assert alarms <= 2


def test_counted_once_each_the_same_sample_is_a_drift_from_its_population() -> None:
    sample, _ = _sample(4000, 0)
    drifted = _drifted(_fit(sample, None), _draw(4000, 2))
    assert {("distribution", "age"), ("output", "risk by 10 years")} <= drifted


def test_two_weighted_samples_of_one_population_are_alike() -> None:
    (sample, weight), (other, its_weight) = _sample(4000, 0), _sample(4000, 10)
    profile = _fit(sample, weight)
    assert not _drifted(profile, other, its_weight)
    assert ("distribution", "age") in _drifted(profile, other)


def test_a_planted_drift_is_seen_through_the_weights() -> None:
    profile, batch = _fit(*_sample(4000, 0)), _draw(1000, 2)
    assert ("distribution", "age") in _drifted(profile, batch.assign(age=batch["age"] + 8))
    assert ("scale", "hscrp") in _drifted(profile, batch.assign(hscrp=batch["hscrp"] / 10))
    fewer = batch.assign(hscrp=batch["hscrp"].where(batch.index % 3 > 0))
    assert ("missing", "hscrp") in _drifted(profile, fewer)
    new = batch.assign(ethnicity=batch["ethnicity"].where(batch.index % 8 > 0, "chinese"))
    assert ("unseen", "ethnicity") in _drifted(profile, new)
    scanner = batch.assign(cac_volume=batch["cac_volume"] * 1.5)
    assert ("relation", "cac_volume") in _drifted(profile, scanner)


def test_shares_are_those_of_the_population_and_counts_add_up_to_the_effective_number() -> None:
    (sample, weight), everyone = _sample(20_000, 0), _draw(20_000, 0)
    for name, column in everyone.items():
        kept, known = describe(sample[name], weight), sample[name].notna().to_numpy()
        assert kept.missing_share == pytest.approx(column.isna().mean(), abs=0.015)
        assert kept.n_recorded + kept.n_missing == pytest.approx(effective_size(weight), abs=10)
        assert sum(kept.counts) == pytest.approx(effective_size(weight[known]), abs=50)
        shares = np.array(kept.counts) / sum(kept.counts)
        assert shares == pytest.approx(kept.count(column)[0] / column.notna().sum(), abs=0.02)


def test_scales_and_relations_are_those_of_the_population() -> None:
    (sample, weight), everyone = _sample(20_000, 0), _draw(20_000, 0)
    weighted, plain, whole = _fit(sample, weight), _fit(sample, None), _fit(everyone, None)
    assert set(weighted.scales) == set(whole.scales)
    for name, scale in weighted.scales.items():
        assert scale.n <= plain.scales[name].n
        assert scale.mean == pytest.approx(whole.scales[name].mean, abs=0.05)
    assert set(weighted.relations) == set(whole.relations) == {"cac_agatston", "cac_volume"}
    told, heedless, true = (
        one.outputs["risk by 10 years"].mean for one in (weighted, plain, whole)
    )
    assert told == pytest.approx(true, rel=0.02)
    assert heedless > 1.2 * true


def test_equal_weights_are_none_to_the_byte(tmp_path: Path) -> None:
    sample, _ = _sample(2000, 0)
    written = []
    for weight in (None, np.full(len(sample), 3.7)):
        _fit(sample, weight).save(tmp_path / "profile.json")
        written.append((tmp_path / "profile.json").read_bytes())
    assert written[0] == written[1]


def test_a_weighted_profile_knows_what_it_is_worth_after_saving(tmp_path: Path) -> None:
    sample, weight = _sample(2000, 0)
    profile = _fit(sample, weight)
    profile.save(tmp_path / "profile.json")
    assert Profile.load(tmp_path / "profile.json") == profile
    assert profile.n_patients == len(sample)
    assert profile.worth == pytest.approx(effective_size(weight), abs=5)


def test_a_level_of_fewer_than_ten_is_known_by_name_alone_however_much_each_weighs() -> None:
    column = pd.Series(["white"] * 300 + ["black"] * 9, dtype="str")
    kept = describe(column, np.r_[np.full(300, 1.0), np.full(9, 5.0)])
    assert (kept.levels, kept.rare) == (("white",), ("black",))


def test_few_patients_by_their_worth_are_few() -> None:
    weight = np.r_[np.full(100, 0.01), np.full(60, 1.0)]
    assert describe(pd.Series(np.arange(160.0)), weight).counts == ()
    sample = pd.DataFrame({"hscrp": np.exp(np.linspace(0, 3, 160))})
    assert not Profile.fit(sample, {}, weight).scales


def test_a_level_that_only_a_light_patient_has_is_new_all_the_same() -> None:
    kept = describe(pd.Series(["a"] * 200, dtype="str"))
    batch = pd.Series(["a"] * 99 + ["b"], dtype="str")
    assert kept.count(batch, np.r_[np.ones(99), 0.01])[1] == 1
