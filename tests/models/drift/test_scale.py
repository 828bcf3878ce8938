from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.drift.scale import (
    MINIMUM_PATIENTS,
    compare_relations,
    compare_scales,
    fit_relations,
    fit_scales,
)
from models.drift.shift import Shift, adjust_all


def draw(n: int, seed: int) -> pd.DataFrame:
    """Score and volume of calcium, half of them zero, and a pressure that neither tells."""
    draws = np.random.default_rng(seed)
    some = draws.random(n) < 0.5
    logs = draws.normal(4, 1.9, n)
    return pd.DataFrame(
        {
            "cac_agatston": np.where(some, np.exp(logs), 0.0),
            "cac_volume": np.where(some, np.exp(0.9 * logs + draws.normal(0, 0.3, n)), 0.0),
            "systolic_bp": draws.normal(130, 18, n),
            "diabetes": (draws.random(n) < 0.2).astype(float),
        }
    )


TRAINING = draw(5000, seed=1)
SCALES, RELATIONS = fit_scales(TRAINING), fit_relations(TRAINING)


def _compare(batch: pd.DataFrame) -> tuple[Shift, ...]:
    shifts = [*compare_scales(SCALES, batch), *compare_relations(RELATIONS, batch)]
    return adjust_all(shifts)


def _drifted(batch: pd.DataFrame) -> set[tuple[str, str]]:
    return {(one.kind, one.name) for one in _compare(batch) if one.drifted}


def test_the_mean_and_spread_of_logarithms_above_zero_are_kept() -> None:
    scale = SCALES["cac_agatston"]
    assert scale.mean == pytest.approx(4, abs=4 * 1.9 / np.sqrt(2500))
    assert scale.deviation == pytest.approx(1.9, rel=0.05)
    assert scale.n % 10 == 0


def test_a_relation_is_kept_where_one_variable_tells_most_of_another() -> None:
    assert set(RELATIONS) == {"cac_agatston", "cac_volume"}
    relation = RELATIONS["cac_volume"]
    assert relation.other == "cac_agatston"
    assert relation.slope == pytest.approx(0.9, abs=0.02)
    assert relation.deviation == pytest.approx(0.3, rel=0.1)


def test_yes_and_no_has_no_scale() -> None:
    assert "diabetes" not in SCALES


def test_too_few_patients_with_a_value_have_no_scale() -> None:
    few = TRAINING[TRAINING["cac_agatston"] > 0].head(MINIMUM_PATIENTS - 1)
    assert "cac_agatston" not in fit_scales(few[["cac_agatston"]])


def test_another_scanner_shows_beside_the_volume_in_two_hundred_patients() -> None:
    batch = draw(200, seed=2)
    batch["cac_agatston"] *= 1.5
    (told,) = [
        one.told
        for one in _compare(batch)
        if one.drifted and (one.kind, one.name) == ("relation", "cac_agatston")
    ]
    # log 1.5 is 0.41, a chance error about 0.03
    assert 1.35 < float(told.split(" times")[0]) < 1.65


def test_all_calcium_half_as_much_again_shows_in_two_thousand_patients_by_itself() -> None:
    batch = draw(2000, seed=3)
    batch[["cac_agatston", "cac_volume"]] *= 1.5
    assert ("scale", "cac_agatston") in _drifted(batch)


def test_batches_without_drift_raise_none() -> None:
    alarms = sum(bool(_drifted(draw(n, seed))) for n in (60, 300, 2000) for seed in range(50, 70))
    # one in a hundred is granted: more than 4 of 60 have a chance of 1 in 2,000
    assert alarms <= 4


def test_more_calcium_in_the_same_proportion_breaks_no_relation() -> None:
    batch = draw(2000, seed=4)
    kept = batch[(batch["cac_agatston"] == 0) | (batch["cac_agatston"] > 50)]
    assert {kind for kind, _ in _drifted(kept)} == {"scale"}


def test_thirty_values_are_the_fewest_to_be_compared() -> None:
    few = TRAINING[TRAINING["cac_agatston"] > 0].head(29)
    assert {one.name for one in compare_scales(SCALES, few.assign(systolic_bp=np.nan))} == set()
