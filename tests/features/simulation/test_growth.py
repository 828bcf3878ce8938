from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.simulation import SimulatedCohort, simulate_cohort
from features.simulation.draws import Columns, Draws
from features.simulation.growth import TrueGrowth, draw_pace, growth_margin, onset_margin
from features.simulation.later_scans import SCANS

SCORES = np.array([0.0, 10.0, 100.0, 400.0, 1000.0])


@pytest.fixture
def growth(patients: Columns) -> TrueGrowth:
    return TrueGrowth.of(patients)


@pytest.mark.parametrize("years", [2.5, 10.0])
def test_drawn_scores_follow_the_true_distribution(growth: TrueGrowth, years: float) -> None:
    n = len(growth.first)
    seen = np.zeros(len(SCORES))
    for seed in range(10):
        draws = Draws(seed, n)
        begins = draws.stream("onset").exponential(1.0, n)
        score = growth.draw(draws, "scan", np.full(n, years), begins, draw_pace(draws, "pace"))
        seen += (score[:, None] <= SCORES).mean(axis=0) / 10
    assert seen == pytest.approx(growth.cdf(SCORES, years).mean(axis=0), abs=0.006)


def test_the_true_chance_of_passing_a_score_never_falls_with_time(growth: TrueGrowth) -> None:
    passed = np.array([1 - growth.cdf(SCORES, years) for years in (0.5, 1, 2.5, 5, 10, 15)])
    assert (np.diff(passed, axis=0) >= -1e-9).all()


def test_what_trials_found_without_effect_touches_no_growth(patients: Columns) -> None:
    names: tuple[str, ...] = (
        "vitamin_k2",
        "calcification_inhibitor",
        "bmp_inhibitor",
        "chelation",
        "colchicine",
    )
    names = (*names, "vitamin_d_supplement", "gene_nano_therapy", "magnesium_intake")
    other = {**patients, **{name: 1 - patients[name].astype(float) for name in names}}
    assert (growth_margin(other) == growth_margin(patients)).all()
    assert (onset_margin(other) == onset_margin(patients)).all()


def test_a_statin_lets_the_score_grow_and_thins_low_density_calcium() -> None:
    cohort = simulate_cohort(20_000, 3, with_lesions=False)
    later, first = cohort.later_scans, cohort.covariates
    group = first["cac_agatston"].gt(100) & later["scan3_years"].notna()
    treated = first["statin_intensity"].isin(["moderate", "high"])[group]
    share = (later["scan3_low_density"] / later["scan3_volume"])[group]
    assert share[treated].mean() < 0.8 * share[~treated].mean()
    rate = cohort.truth["growth_rate"][group]
    assert rate[treated].mean() > rate[~treated].mean()


def test_most_come_back_within_four_years_and_half_of_those_followed_after_ten(
    default_cohort: SimulatedCohort,
) -> None:
    later, time = default_cohort.later_scans, default_cohort.endpoint["time"]
    assert later["scan2_years"].notna().mean() == pytest.approx(0.85, abs=0.05)
    followed = time.gt(11.5)
    assert later["scan3_years"].notna()[followed].mean() == pytest.approx(0.5, abs=0.03)
    for scan in SCANS:
        assert not later[f"{scan}_years"].gt(time).any()
        assert later[f"{scan}_agatston"].notna().equals(later[f"{scan}_years"].notna())
    assert later["scan2_years"].dropna().between(1.6, 4.0).all()


def test_scores_fall_at_times_and_earlier_scans_do_too(default_cohort: SimulatedCohort) -> None:
    first = default_cohort.covariates["cac_agatston"]
    later = default_cohort.later_scans["scan2_agatston"]
    some = first.gt(0) & later.notna()
    assert 0.1 < later.lt(first)[some].mean() < 0.25
    prior = default_cohort.covariates["prior_cac_agatston"]
    assert 0.1 < prior.gt(first)[prior.gt(0)].mean() < 0.25


def test_the_truth_file_holds_each_patients_distribution(default_cohort: SimulatedCohort) -> None:
    growth = TrueGrowth.from_truth(default_cohort.truth)
    assert (growth.first == default_cohort.covariates["cac_agatston"].to_numpy()).all()
    assert set(growth.to_columns()) <= set(default_cohort.truth)
    assert not set(growth.to_columns()) & set(default_cohort.covariates)


def test_later_scans_change_no_patient_no_first_scan_and_no_outcome() -> None:
    # drawn before there were later scans
    before = {
        "age": [52.4, 67.2, 67.8],
        "cac_agatston": [0.0, 0.0, 2.94],
        "ldl_cholesterol": [102.0, 103.0, 125.0],
        "time": [15.353867214236825, 17.713894592744694, 17.711156741957563],
    }
    cohort = simulate_cohort(3, 1, with_lesions=False)
    table = cohort.covariates[["age", "cac_agatston", "ldl_cholesterol"]]
    expected = pd.DataFrame(before, index=table.index)
    pd.testing.assert_frame_equal(table.join(cohort.endpoint["time"]), expected, atol=1e-6)
