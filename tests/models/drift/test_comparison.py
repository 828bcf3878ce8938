from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from models.drift.comparison import compare_covariates, compare_outputs, compare_rejects
from models.drift.profile import Profile
from models.drift.report import DriftReport
from models.drift.shift import Shift, adjust_all
from models.risk.outputs import name_risks

Change = Callable[[pd.DataFrame], pd.DataFrame]


def draw(n: int, seed: int) -> pd.DataFrame:
    """Skewed, zero-inflated, yes/no, by category, and missing here and there."""
    draws = np.random.default_rng(seed)
    calcium = np.where(draws.random(n) < 0.5, 0, draws.lognormal(4, 1.5, n)).round()
    frame = pd.DataFrame(
        {
            "age": draws.uniform(45, 85, n).round(),
            "cac_agatston": calcium,
            "systolic_bp": draws.normal(130, 18, n).round(),
            "diabetes": (draws.random(n) < 0.15).astype(float),
            "chelation": np.zeros(n),
            "ethnicity": pd.Series(draws.choice(["white", "black"], n), dtype="str"),
            "hscrp": np.where(draws.random(n) < 0.1, np.nan, draws.lognormal(0.5, 1, n)),
        }
    )
    noise = {f"noise_{k}": draws.normal(size=n) for k in range(20)}
    return frame.assign(**noise)


@pytest.fixture(scope="module")
def profile() -> Profile:
    frame = draw(4000, seed=1)
    return Profile.fit(frame, name_risks((10.0,), _risk(frame)))


def _risk(frame: pd.DataFrame) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    margin = 0.04 * (frame["age"] - 65) + 0.2 * np.log1p(frame["cac_agatston"]) - 3
    risk: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    risk = 1 / (1 + np.exp(-margin.to_numpy(dtype=np.float64)[:, None]))
    return risk


def _compare(profile: Profile, frame: pd.DataFrame) -> tuple[Shift, ...]:
    shifts = [*compare_covariates(profile, frame)]
    shifts += compare_outputs(profile, name_risks((10.0,), _risk(frame)))
    return adjust_all(shifts)


def _drifted(profile: Profile, frame: pd.DataFrame) -> set[tuple[str, str]]:
    return {(one.kind, one.name) for one in _compare(profile, frame) if one.drifted}


def _classify(frame: pd.DataFrame, seed: int, share: float) -> pd.DataFrame:
    """With a severe class and a drug that so many of the patients have."""
    draws = np.random.default_rng(seed)
    severe, treated = draws.random((2, len(frame))) < share
    usual = draws.choice(["I", "II", "III"], len(frame))
    nyha = pd.Series(np.where(severe, "IV", usual), dtype="str")
    return frame.assign(nyha=nyha, drug=treated.astype(float))


def test_a_level_that_few_had_and_many_have_now_is_a_drift_and_no_other() -> None:
    """It is not learnt: to let it pass would be to score the sick as the usual patient."""
    trained = _classify(draw(800, seed=1), seed=2, share=0.005)
    counts = (trained["nyha"] == "IV").sum(), trained["drug"].sum()
    assert all(0 < count < 10 for count in counts)
    kept = Profile.fit(trained, {})
    for seed, n in enumerate((60, 300, 3000), start=3):
        usual = _classify(draw(n, seed), seed, share=0.005)
        assert not any(one.drifted for one in adjust_all([*compare_covariates(kept, usual)]))
        found = adjust_all([*compare_covariates(kept, _classify(usual, seed, share=0.3))])
        drifted = {one.name: one.told for one in found if one.drifted}
        assert set(drifted) == {"nyha", "drug"}
        assert drifted["nyha"].startswith("IV: ")


def test_batches_without_drift_raise_none_however_small(profile: Profile) -> None:
    batches = [draw(n, seed) for n in (20, 60, 250, 1000) for seed in range(100, 110)]
    alarms = sum(bool(_drifted(profile, batch)) for batch in batches)
    # one in a hundred is granted: more than 3 of 40 have a chance of 1 in 1,000
    assert alarms <= 3


CHANGES: dict[str, tuple[tuple[str, str], Change]] = {
    "another device": (
        ("distribution", "systolic_bp"),
        lambda x: x.assign(systolic_bp=x["systolic_bp"] + 10),
    ),
    "a wider spread": (
        ("distribution", "systolic_bp"),
        lambda x: x.assign(systolic_bp=130 + 2 * (x["systolic_bp"] - 130)),
    ),
    "no patient without calcium": (
        ("distribution", "cac_agatston"),
        lambda x: x.assign(cac_agatston=x["cac_agatston"].clip(lower=1)),
    ),
    "twice the diabetes": (
        ("distribution", "diabetes"),
        lambda x: x.assign(diabetes=((x["diabetes"] == 1) | (x.index % 5 == 0)).astype(float)),
    ),
    "a third no longer measured": (
        ("missing", "hscrp"),
        lambda x: x.assign(hscrp=x["hscrp"].where(x.index % 3 > 0)),
    ),
    "a column gone": (("missing", "hscrp"), lambda x: x.drop(columns="hscrp")),
    "a new category": (
        ("unseen", "ethnicity"),
        lambda x: x.assign(ethnicity=x["ethnicity"].where(x.index % 8 > 0, "chinese")),
    ),
    "a new therapy": (
        ("unseen", "chelation"),
        lambda x: x.assign(chelation=(x.index % 8 == 0).astype(float)),
    ),
    "another unit within the possible": (
        ("scale", "hscrp"),
        lambda x: x.assign(hscrp=x["hscrp"] / 10),
    ),
    "older patients": (("output", "risk by 10 years"), lambda x: x.assign(age=x["age"] + 12)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_planted_drift_is_seen_in_four_hundred_patients(profile: Profile, name: str) -> None:
    where, change = CHANGES[name]
    assert where in _drifted(profile, change(draw(400, seed=9)))


def test_other_variables_are_not_blamed(profile: Profile) -> None:
    frame = draw(400, seed=9)
    changed = frame.assign(systolic_bp=frame["systolic_bp"] + 15)
    assert {name for _, name in _drifted(profile, changed)} == {"systolic_bp"}


def test_a_change_too_small_to_matter_is_told_but_no_drift(profile: Profile) -> None:
    frame = draw(40_000, seed=4)
    shifts = _compare(profile, frame.assign(systolic_bp=frame["systolic_bp"] + 2))
    report = DriftReport("m", "0", 4000, 40_000, shifts)
    assert report.exit_code == 0
    assert report.small == ("systolic_bp",)


def test_more_rejected_rows_than_a_cohort_may_have_are_a_drift() -> None:
    (half,) = adjust_all([*compare_rejects(100, 200)])
    assert half.drifted
    assert half.told.startswith("50.0% of the rows break a rule")
    (few,) = adjust_all([*compare_rejects(20, 200)])
    assert not few.drifted


def test_a_variable_the_profile_does_not_know_is_passed_over(profile: Profile) -> None:
    frame = draw(200, seed=5)
    assert _compare(profile, frame.assign(new=1.0)) == _compare(profile, frame)


def test_a_report_tells_shares_and_no_patient(profile: Profile) -> None:
    frame = draw(400, seed=9).set_index(pd.Index([f"patient-{k}" for k in range(400)]))
    changed = frame.assign(systolic_bp=frame["systolic_bp"] + 20)
    report = DriftReport("m 3", "abc", 4000, 400, _compare(profile, changed), ("a note",))
    text = report.to_markdown() + str(report.to_dict())
    assert report.exit_code == 1
    assert "| Values | systolic_bp | above " in text
    assert "stability index" in text
    assert "a note" in text
    assert "patient-" not in text
