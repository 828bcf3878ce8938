"""The mean of predictions by age and sex, kept with a model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from features.array_types import FloatArray
from features.errors import ModelError
from models.average_risks import AverageRisks
from models.saving.average_fitting import fit_averages

HORIZONS = (5.0, 10.0)


def _draw(n: int, seed: int = 1, sexes: tuple[str, ...] = ("female", "male")) -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    sex = pd.array(draws.choice(list(sexes), n), dtype="str")
    return pd.DataFrame({"age": draws.uniform(45, 80, n).round(1), "sex": sex})


def _mean(age: npt.ArrayLike, male: npt.ArrayLike) -> FloatArray:
    """Bends on any scale: steep among the young, flat among the old."""
    rising = 0.3 / (1 + np.exp((62 - np.asarray(age)) / 6))
    return np.asarray(rising * (0.7 + 0.6 * np.asarray(male)) + 0.01)


def _predict(covariates: pd.DataFrame, seed: int = 2) -> FloatArray:
    """Risks (n, 2) that differ much among patients of an age, more so the younger they are."""
    age, male = covariates["age"].to_numpy(), (covariates["sex"] == "male").to_numpy()
    mean = _mean(age, male)
    shape = (age - 35) / 10
    ten = mean * np.random.default_rng(seed).gamma(shape, 1 / shape)
    return np.column_stack([ten / 2, ten]).clip(0, 1)


def _find(averages: AverageRisks, sex: str, age: float, horizon: float = 10.0) -> float:
    found = averages.find(sex, age, horizon)
    assert found is not None
    return found.risk


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("age", [45.5, 50.0, 55.2, 62.0, 70.0, 79.5])
def test_the_average_is_the_mean_prediction_of_that_age_and_sex(sex: str, age: float) -> None:
    covariates = _draw(20_000)
    averages = fit_averages(covariates, _predict(covariates), HORIZONS)
    assert _find(averages, sex, age) == pytest.approx(float(_mean(age, sex == "male")), rel=0.07)
    assert _find(averages, sex, age, 5.0) == pytest.approx(_find(averages, sex, age) / 2, rel=0.01)


def test_over_all_ages_averages_have_the_mean_of_the_predictions() -> None:
    covariates = _draw(3_000)
    risks = _predict(covariates)
    averages = fit_averages(covariates, risks, HORIZONS)
    pairs = zip(covariates["sex"], covariates["age"], strict=True)
    found = np.mean([_find(averages, sex, age) for sex, age in pairs])
    # between whole years the curve is a line
    assert found == pytest.approx(risks[:, 1].mean(), rel=0.002)


@pytest.mark.parametrize("age", [30.0, 43.9, 81.2, 110.0])
def test_outside_of_the_known_ages_there_is_none(age: float) -> None:
    covariates = _draw(3_000)
    averages = fit_averages(covariates, _predict(covariates), HORIZONS)
    assert averages.find("male", age, 10.0) is None
    assert averages.find("male", 60.0, 7.5) is None


def test_where_fewer_than_fifty_stand_behind_an_age_there_is_none() -> None:
    covariates, equal = _draw(4_000), np.full((4_000, 2), 0.1)
    age = covariates["age"].to_numpy()
    middle = np.flatnonzero((age > 55) & (age < 70))
    kept = np.concatenate([np.flatnonzero((age <= 55) | (age >= 70)), middle[:40]])
    averages = fit_averages(covariates.iloc[kept], equal[kept], HORIZONS)
    assert averages.find("male", 62.0, 10.0) is None
    assert _find(averages, "male", 50.0) == pytest.approx(0.1)
    assert _find(averages, "male", 75.0) == pytest.approx(0.1)
    few = np.arange(90)
    assert fit_averages(covariates.iloc[few], equal[few], HORIZONS).curves == {}


def test_an_average_that_chance_could_shift_by_much_is_not_kept() -> None:
    covariates = _draw(600)
    risks = np.where(np.random.default_rng(3).random((600, 2)) < 0.02, 0.5, 0.001)
    assert fit_averages(covariates, risks, HORIZONS).curves == {}


def test_patients_count_by_their_weights() -> None:
    covariates = _draw(6_000)
    risks = _predict(covariates)
    high = risks[:, 1] > _mean(
        covariates["age"].to_numpy(), (covariates["sex"] == "male").to_numpy()
    )
    twice = np.flatnonzero(high)
    weight = np.where(high, 2.0, 1.0)
    weighted = fit_averages(covariates, risks, HORIZONS, weight)
    again = pd.concat([covariates, covariates.iloc[twice]])
    doubled = fit_averages(again, np.vstack([risks, risks[twice]]), HORIZONS)
    plain = fit_averages(covariates, risks, HORIZONS)
    for age in (50.0, 60.0, 75.0):
        # knots lie at quantiles of those in the table
        assert _find(weighted, "male", age) == pytest.approx(_find(doubled, "male", age), rel=0.02)
        assert _find(weighted, "male", age) > 1.1 * _find(plain, "male", age)
    assert weighted.weighted
    assert not plain.weighted
    assert fit_averages(covariates, risks, HORIZONS, np.full(6_000, 3.0)).weighted is False


def test_a_few_heavy_patients_are_no_fifty() -> None:
    covariates, equal = _draw(1_000), np.full((1_000, 2), 0.1)
    weight = np.where(np.arange(1_000) % 20 == 0, 1e4, 1.0)
    assert fit_averages(covariates, equal, HORIZONS, weight).curves == {}


def test_one_patient_more_changes_hardly_a_digit_and_no_age_is_anybodys() -> None:
    covariates = _draw(4_000)
    risks = _predict(covariates)
    first = int(np.flatnonzero((covariates["sex"] == "male") & (covariates["age"] > 60))[0])
    risks[first] = 0.99
    others = np.arange(4_000) != first
    whole = fit_averages(covariates, risks, HORIZONS).curves["male"]
    without = fit_averages(covariates[others], risks[others], HORIZONS).curves["male"]
    assert np.abs(whole.mean_risks / without.mean_risks - 1).max() < 0.03
    assert (whole.ages % 1 == 0).all()
    assert (whole.patients % 10 == 0).all()
    assert whole.patients.min() >= 50


@pytest.mark.parametrize(
    "covariates",
    [
        _draw(2_000).drop(columns="sex"),
        _draw(2_000).drop(columns="age"),
        _draw(2_000).assign(age=np.nan),
        _draw(2_000).assign(sex=pd.array([None] * 2_000, dtype="str")),
        _draw(1),
        _draw(0),
    ],
    ids=["no sex", "no age", "age missing", "sex missing", "one patient", "nobody"],
)
def test_without_age_or_sex_or_patients_there_is_none(covariates: pd.DataFrame) -> None:
    averages = fit_averages(covariates, np.full((len(covariates), 2), 0.1), HORIZONS)
    assert averages == AverageRisks(HORIZONS)


def test_a_cohort_of_one_sex_or_of_one_age_has_its_average_and_no_other() -> None:
    women = _draw(2_000, sexes=("female",))
    averages = fit_averages(women, _predict(women), HORIZONS)
    assert averages.find("female", 60.0, 10.0)
    assert averages.find("male", 60.0, 10.0) is None
    women["age"] = 60.0
    averages = fit_averages(women, np.full((2_000, 2), 0.1), HORIZONS)
    assert _find(averages, "female", 60.0) == pytest.approx(0.1)
    assert averages.find("female", 62.0, 10.0) is None


def test_gaps_and_risks_of_nothing_and_of_all_are_borne() -> None:
    covariates = _draw(2_000)
    risks = np.column_stack([np.zeros(2_000), np.ones(2_000)])
    averages = fit_averages(covariates.mask(covariates["age"] > 70), risks, HORIZONS)
    assert _find(averages, "male", 60.0, 5.0) == pytest.approx(0, abs=1e-6)
    assert _find(averages, "male", 60.0) == pytest.approx(1)
    assert averages.find("male", 74.0, 10.0) is None


def test_what_was_saved_is_read_back_and_the_same_patients_give_the_same_bytes(
    tmp_path: Path,
) -> None:
    covariates = _draw(3_000)
    risks = _predict(covariates)
    files = [tmp_path / name for name in ("first.json", "again.json")]
    for file in files:
        fit_averages(covariates, risks, HORIZONS).save(file)
    assert files[0].read_bytes() == files[1].read_bytes()
    loaded = AverageRisks.load(files[0], HORIZONS)
    loaded.save(files[1])
    assert files[0].read_bytes() == files[1].read_bytes()


def _cut(stored: dict[str, dict[str, list[float]]]) -> None:
    stored["male"]["ages"].pop()


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored.pop("weighted"),
        lambda stored: stored.update(weighted="yes"),
        lambda stored: stored.update(male=[]),
        lambda stored: stored["male"].update(mean_risks=None),
        lambda stored: stored["male"].update(mean_risks=[stored["male"]["mean_risks"][0]]),
        lambda stored: stored["male"]["mean_risks"][0].__setitem__(3, 1.5),
        lambda stored: stored["male"]["ages"].__setitem__(3, 0.5),
        lambda stored: stored["male"].pop("patients"),
        _cut,
    ],
)
def test_what_no_version_wrote_is_refused(change: object, tmp_path: Path) -> None:
    assert callable(change)
    covariates, file = _draw(3_000), tmp_path / "averages.json"
    fit_averages(covariates, _predict(covariates), HORIZONS).save(file)
    stored = json.loads(file.read_text())
    change(stored)
    file.write_text(json.dumps(stored))
    with pytest.raises(ModelError):
        AverageRisks.load(file, HORIZONS)
