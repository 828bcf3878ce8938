from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.dictionary.dictionary import Dictionary
from features.simulation import SimulatedCohort, simulate_cohort, write_simulated

VESSELS = ["cac_agatston_lm", "cac_agatston_lad", "cac_agatston_lcx", "cac_agatston_rca"]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_simulated(simulate_cohort(400, 11), tmp_path / name)
    for file in ("cohort.csv", "lesions.csv", "truth.parquet"):
        first, second = (tmp_path / name / file for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_another_seed_gives_another_cohort() -> None:
    first, second = (simulate_cohort(100, seed, with_lesions=False) for seed in (1, 2))
    assert not first.covariates["age"].equals(second.covariates["age"])


def test_leaving_out_the_lesion_table_changes_nothing_else() -> None:
    with_table, without = simulate_cohort(300, 4), simulate_cohort(300, 4, with_lesions=False)
    assert without.lesions is None
    pd.testing.assert_frame_equal(with_table.covariates, without.covariates)
    pd.testing.assert_frame_equal(with_table.truth, without.truth)


def test_the_number_of_sites_touches_no_outcome() -> None:
    few, many = (simulate_cohort(300, 4, n_sites=n) for n in (1, 9))
    pd.testing.assert_frame_equal(few.truth, many.truth)
    assert few.site.nunique() == 1
    assert many.site.nunique() == 9


def test_one_patient_makes_a_cohort() -> None:
    cohort = simulate_cohort(1, 0)
    assert list(cohort.covariates.index) == ["000001"]
    assert len(cohort.truth) == len(cohort.endpoint) == 1


def test_no_patient_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        simulate_cohort(0, 0)


def test_every_variable_is_in_the_dictionary_with_its_codes_and_within_its_limits(
    default_cohort: SimulatedCohort,
) -> None:
    dictionary = Dictionary.load()
    for name, column in default_cohort.covariates.items():
        variable = dictionary[str(name)]
        seen = column.dropna()
        if variable.kind == "category":
            assert set(seen) <= set(variable.codes), name
        elif variable.kind == "boolean":
            assert set(seen) <= {0.0, 1.0}, name
        else:
            assert variable.low is None or seen.ge(variable.low).all(), name
            assert variable.high is None or seen.le(variable.high).all(), name


def test_the_files_are_what_a_data_manager_would_deliver(tmp_path: Path) -> None:
    cohort = simulate_cohort(200, 8)
    write_simulated(cohort, tmp_path)
    table = pd.read_csv(tmp_path / "cohort.csv", dtype=str, keep_default_na=False)
    assert table["patient_id"].tolist() == [f"{i:06d}" for i in range(1, 201)]
    assert set(table["event_type"]) <= {"none", "cardiac_event", "other_death"}
    assert table["entry_date"].str.fullmatch(r"200[0-3]-\d\d-\d\d").all()
    assert not set(table) & set(cohort.truth)
    assert "cac_density_score" not in table
    years = table["followup_years"].astype(float)
    assert np.allclose(years, cohort.endpoint["time"], rtol=1e-5)


def test_scores_are_the_sums_of_the_lesions(default_cohort: SimulatedCohort) -> None:
    lesions = default_cohort.lesions
    assert lesions is not None
    sums = lesions.groupby("patient_id")[["agatston", "volume", "mass"]].sum()
    reported = default_cohort.covariates.loc[sums.index]
    assert np.allclose(sums["agatston"], reported["cac_agatston"], atol=1e-6)
    measured = reported["cac_volume"].notna()
    assert np.allclose(sums["volume"][measured], reported["cac_volume"][measured], atol=1e-6)
    by_vessel = lesions.pivot_table(
        index="patient_id", columns="vessel", values="agatston", aggfunc="sum", fill_value=0.0
    )
    for vessel in by_vessel:
        assert np.allclose(by_vessel[vessel], reported[f"cac_agatston_{vessel}"], atol=1e-6)


def test_vessel_scores_add_up_to_the_total(large_cohort: SimulatedCohort) -> None:
    x = large_cohort.covariates
    assert np.allclose(x[VESSELS].sum(axis=1), x["cac_agatston"], atol=1e-6)


def test_lesions_are_possible_ones(default_cohort: SimulatedCohort) -> None:
    lesions = default_cohort.lesions
    assert lesions is not None
    bands = ["volume_130_199", "volume_200_299", "volume_300_399", "volume_400_plus"]
    assert np.allclose(lesions[bands].sum(axis=1), lesions["volume"], atol=1e-6)
    assert (lesions[bands] >= 0).all(axis=None)
    weight = lesions["agatston"] / lesions["area"]
    assert weight.between(1 - 0.01, 4 + 0.01).all()
    assert np.allclose(lesions["area"] * 3, lesions["volume"], atol=0.011)
    assert (lesions["peak_hu"] >= lesions["mean_hu"]).all()
    assert (lesions["mean_hu"] >= 130).all()
    # A slice weight above 3 needs a peak of 400 HU.
    assert (lesions.loc[weight > 3.01, "peak_hu"] >= 400).all()
    assert (lesions.loc[lesions["peak_hu"] < 400, "volume_400_plus"] == 0).all()
    assert not lesions.duplicated(["patient_id", "lesion"]).any()


def test_impossible_combinations_never_occur(large_cohort: SimulatedCohort) -> None:
    x = large_cohort.covariates
    never, current = x["smoking_status"].eq("never"), x["smoking_status"].eq("current")
    assert not x.loc[never, "pack_years"].gt(0).any()
    assert not x.loc[~current, "cigarettes_per_day"].gt(0).any()
    assert x.loc[~x["smoking_status"].eq("former"), "years_since_quitting"].isna().all()
    assert not x["years_since_quitting"].gt(x["age"] - 10).any()
    untreated = x["statin_intensity"].eq("none")
    assert not x.loc[untreated, "statin_years"].gt(0).any()
    assert x.loc[~untreated, "lipid_lowering"].eq(1).all()
    assert not (x["ezetimibe"].eq(1) & x["lipid_lowering"].eq(0)).any()
    assert not (x["lithotripsy"].eq(1) & x["prior_pci"].eq(0)).any()
    assert not (x["prior_pci"].eq(1) & x["prior_cad"].eq(0)).any()
    assert not (x["insulin"].eq(1) & x["diabetes"].eq(0)).any()
    assert not (x["ras_inhibitor"].eq(1) & x["bp_treated"].eq(0)).any()
    assert not x["diastolic_bp"].ge(x["systolic_bp"]).any()
    assert not (x["cac_agatston"].eq(0) & x["cac_volume"].gt(0)).any()
    assert np.allclose(x["weight"] / (x["height"] / 100) ** 2, x["bmi"], atol=0.01)
    assert x.loc[x["uacr"].ge(30) & x["uacr"].le(300), "albuminuria"].eq("micro").all()
