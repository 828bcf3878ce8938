from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.derivation.catalogue import CATALOGUE, DERIVATIONS, derive_features
from features.derivation.scan_technique import COMPARABLE, OF_TECHNIQUE
from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Variable

DICTIONARY = Dictionary.load()
NAMES = [feature.name for feature in CATALOGUE]


def draw_cohort(n: int, seed: int = 0, missing: float = 0.2) -> pd.DataFrame:
    """Patients whose values are drawn each by itself; half of them had both scans made alike."""
    rng = np.random.default_rng(seed)
    columns = {name: _draw(rng, variable, n, missing) for name, variable in DICTIONARY.items()}
    alike = rng.random(n) < 0.5
    for name in OF_TECHNIQUE:
        same = 1.0 if name == COMPARABLE else columns[name.removeprefix("prior_")]
        columns[name] = columns[name].mask(alike, same)
    return pd.DataFrame(columns).set_axis(pd.Index([f"p{i}" for i in range(n)], name="patient_id"))


def _draw(rng: np.random.Generator, variable: Variable, n: int, missing: float) -> pd.Series:
    hidden = rng.random(n) < missing
    if variable.kind == "category":
        codes = np.array(variable.codes, dtype=object)[rng.integers(0, len(variable.codes), n)]
        return pd.Series(codes, dtype="str").mask(hidden)
    if variable.kind == "boolean":
        return pd.Series(rng.integers(0, 2, n).astype(float)).mask(hidden)
    low, high = variable.low or 0.0, variable.high or 0.0
    # A quarter at zero where zero is possible: no calcium, no drug, no drink.
    values = np.where(rng.random(n) < 0.25, low, low + (high - low) * rng.random(n) ** 3)
    return pd.Series(values).mask(hidden)


# What each variable is for: a feature, or the record alone.


def test_every_variable_reaches_a_feature_or_says_why_it_is_recorded_only() -> None:
    reached = {name for feature in CATALOGUE for name in feature.inputs}
    assert {name for name, v in DICTIONARY.items() if not v.recorded_only} == reached


def test_every_feature_is_credited_to_a_variable_it_is_computed_from() -> None:
    assert all(feature.variable in feature.inputs for feature in CATALOGUE)
    assert all(feature.group == DICTIONARY[feature.variable].group for feature in CATALOGUE)


def test_names_of_features_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_every_feature_says_what_it_means_and_where_it_comes_from() -> None:
    assert all(feature.meaning and feature.source for feature in CATALOGUE)


def test_a_direction_other_than_the_variable_s_has_a_reason() -> None:
    for derivation in DERIVATIONS:
        assert (derivation.monotone is None) == (derivation.why_monotone == "")


def test_no_therapy_carries_a_direction() -> None:
    assert all(f.monotone == 0 for f in CATALOGUE if f.group in ("therapy", "emerging"))


def test_density_may_act_against_volume() -> None:
    directions = {feature.name: feature.monotone for feature in CATALOGUE}
    assert directions["log_cac_volume"] == 1
    assert directions["cac_density_score"] == directions["cac_density_hu"] == 0


def test_inputs_are_what_a_feature_depends_on() -> None:
    cohort = draw_cohort(60, missing=0.0)
    for feature in CATALOGUE:
        own = derive_features(cohort[list(feature.inputs)])[feature.name]
        pd.testing.assert_series_equal(own, derive_features(cohort)[feature.name])


# What comes out, whatever goes in.


@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_any_number_of_patients_gives_the_same_columns(n: int) -> None:
    cohort = draw_cohort(n)
    features = derive_features(cohort)
    assert list(features.columns) == NAMES
    assert features.index.equals(cohort.index)
    assert (features.dtypes == np.float64).all()


def test_nothing_known_gives_nothing() -> None:
    nobody = pd.DataFrame(index=pd.Index(["p1", "p2"], name="patient_id"))
    everything_missing = draw_cohort(2, missing=1.0)
    assert derive_features(nobody).isna().all(axis=None)
    assert derive_features(everything_missing).isna().all(axis=None)


def test_no_feature_is_infinite() -> None:
    features = derive_features(draw_cohort(2000, missing=0.0))
    assert not np.isinf(features.to_numpy()).any()


def test_every_feature_varies_in_a_complete_cohort() -> None:
    features = derive_features(draw_cohort(3000, missing=0.0))
    assert (features.nunique() > 1).all()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 12), data=st.data())
def test_a_patient_s_features_depend_on_that_patient_alone(
    seed: int, n: int, data: st.DataObject
) -> None:
    cohort = draw_cohort(n, seed, missing=0.3)
    chosen = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True))
    together, apart = derive_features(cohort).iloc[chosen], derive_features(cohort.iloc[chosen])
    pd.testing.assert_frame_equal(together, apart, check_exact=True)


def test_the_cohort_is_left_as_it_was() -> None:
    cohort = draw_cohort(20)
    before = cohort.copy(deep=True)
    derive_features(cohort)
    pd.testing.assert_frame_equal(cohort, before)


def test_the_order_of_columns_does_not_matter() -> None:
    cohort = draw_cohort(20)
    backwards = cohort[list(reversed(cohort.columns))].assign(unknown=1.0)
    pd.testing.assert_frame_equal(derive_features(cohort), derive_features(backwards))


@pytest.mark.parametrize("dtype", ["object", "category", "str"])
def test_a_category_may_come_in_any_dtype(dtype: str) -> None:
    cohort = draw_cohort(40)
    categories = [name for name, v in DICTIONARY.items() if v.kind == "category"]
    other = cohort.astype(dict.fromkeys(categories, dtype))
    pd.testing.assert_frame_equal(derive_features(other), derive_features(cohort))


@pytest.mark.parametrize("missing", [None, pd.NA, np.nan])
def test_missing_may_be_written_in_any_way(missing: object) -> None:
    plain = pd.DataFrame({"age": [60.0, np.nan], "sex": ["male", np.nan], "diabetes": [1, np.nan]})
    mixed = pd.DataFrame(
        {"age": [60, missing], "sex": ["male", missing], "diabetes": [True, missing]}, dtype=object
    )
    pd.testing.assert_frame_equal(derive_features(mixed), derive_features(plain))


@pytest.mark.parametrize(
    ("values", "dtype"),
    [([1, 0], "int64"), ([True, False], "bool"), ([1, 0], "Int64"), ([True, False], "boolean")],
)
def test_a_boolean_may_come_in_any_dtype(values: list[object], dtype: str) -> None:
    features = derive_features(pd.DataFrame({"diabetes": pd.Series(values, dtype=dtype)}))
    assert features["diabetes"].to_list() == [1.0, 0.0]


def test_a_code_that_is_none_of_the_dictionary_s_is_missing() -> None:
    features = derive_features(pd.DataFrame({"sex": ["male", "unknown"]}))
    assert features["sex_male"].isna().to_list() == [False, True]


def test_one_column_stands_for_each_code_but_the_first() -> None:
    features = derive_features(pd.DataFrame({"ethnicity": ["white", "chinese", None]}))
    columns = [name for name in features if str(name).startswith("ethnicity_")]
    assert features[columns].sum(axis=1, skipna=False).fillna(-1).to_list() == [0, 1, -1]
    assert features["ethnicity_chinese"].to_list()[:2] == [0, 1]


def test_directions_hold_for_the_features_that_follow_the_score() -> None:
    scores = np.linspace(0, 5000, 400)
    cohort = pd.DataFrame({"cac_agatston": scores, "age": 62.0, "sex": "male"})
    features = derive_features(cohort)
    for name in ("log_cac", "cac_percentile", "arterial_age", "arterial_age_excess"):
        assert (features[name].diff().dropna() >= 0).all()
