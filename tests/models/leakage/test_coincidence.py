from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.leakage.checks.duplicates import twins_by_values
from models.leakage.coincidence import is_beyond_chance, own_shares


def everyone(values: pd.DataFrame) -> pd.Series:
    return pd.Series(True, index=values.index)


def unrelated(values: pd.DataFrame) -> pd.Series:
    return pd.Series(1.0, index=values.columns)


def calcium(n: int, seed: int) -> pd.DataFrame:
    """A score, and what is measured of the same calcium, in whole numbers; half have none."""
    draws = np.random.default_rng(seed)
    score = np.exp(draws.normal(3.5, 1.8, n)).round() * (draws.random(n) < 0.5)
    columns = {
        "score": score,
        "volume": (0.9 * score).round(),
        "mass": (0.18 * score).round(1),
        "density": np.where(score > 0, (180 + 20 * np.log1p(score)).round(), 0.0),
        "area": (score / 3).round(1),
    }
    return pd.DataFrame(columns)


def body(n: int, seed: int) -> pd.DataFrame:
    """Height and weight as they are written down, and three functions of the two."""
    draws = np.random.default_rng(seed)
    height, weight = draws.normal(170, 9, n).round(), (draws.normal(75, 13, n) / 2).round() * 2
    columns = {
        "height": height,
        "weight": weight,
        "bmi": (weight / (height / 100) ** 2).round(1),
        "surface": np.sqrt(height * weight / 3600).round(3),
        "ratio": (weight / height).round(3),
    }
    return pd.DataFrame(columns)


def test_the_chance_is_that_of_all_values_at_once_among_all_pairs() -> None:
    values = pd.DataFrame({f"v{k}": np.roll(np.arange(100.0), 7 * k) for k in range(6)})
    # (1 / 100)^6 of 100^2 / 2 pairs, and with 4 columns (1 / 100)^4: below and above 1e-6
    assert is_beyond_chance(values, everyone(values), unrelated(values)).all()
    four = values[["v0", "v1", "v2", "v3"]]
    assert not is_beyond_chance(four, everyone(four), unrelated(four)).any()


def test_values_that_many_share_count_as_nothing() -> None:
    columns = {f"v{k}": np.roll(np.arange(100.0), 7 * k) for k in range(6)}
    values = pd.DataFrame(columns)
    values.iloc[:20] = -1.0
    beyond = is_beyond_chance(values, everyone(values), unrelated(values))
    assert not beyond[:20].any()
    assert beyond[20:].all()


def test_a_value_that_goes_with_another_is_no_second_proof() -> None:
    """Fewer than a tenth have no calcium, but these have none anywhere."""
    draws = np.random.default_rng(0)
    zero = np.arange(2000) < 150
    columns = {f"v{k}": np.where(zero, 0.0, draws.permutation(2000) + 1.0) for k in range(12)}
    values = pd.DataFrame(columns)
    beyond = is_beyond_chance(values, everyone(values), unrelated(values))
    assert not beyond[zero].any()
    assert beyond[~zero].all()


def test_a_column_determined_by_others_is_dropped_and_half_of_one_is_said() -> None:
    draws = np.random.default_rng(0)
    first, second = draws.normal(size=(2, 5000))
    both = pd.DataFrame(
        {"a": first, "b": second, "sum": first + second, "half": first + draws.normal(size=5000)}
    )
    own = own_shares(both)
    assert list(own.index) == ["a", "b", "half"]
    assert own["half"] == pytest.approx(1 / 2, abs=0.05)
    assert own["b"] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("make", [calcium, body])
@pytest.mark.parametrize("n", [500, 5000])
def test_honest_cohorts_of_few_columns_made_from_each_other_hold_no_twins(
    make: object, n: int
) -> None:
    assert callable(make)
    assert (twins_by_values(make(n, 3)) == -1).all()


def test_a_true_twin_is_found_beside_them() -> None:
    draws = np.random.default_rng(1)
    measured = {f"lab{k}": draws.normal(100, 20, 2000).round(1) for k in range(6)}
    honest = pd.concat([calcium(2000, 3), body(2000, 4), pd.DataFrame(measured)], axis=1)
    cohort = pd.concat([honest, honest.iloc[[17]]], ignore_index=True)
    assert np.flatnonzero(twins_by_values(cohort) >= 0).tolist() == [17, 2000]
