"""What is judged of two scans is judged by the patient, whichever way a value was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary
from features.errors import ConfigError
from models.progression.forecaster import Forecaster
from models.progression.training.progression_model import LaterScans
from models.progression.two_scans.change import (
    NOT_COMPARABLE,
    RISE,
    UNKNOWN,
    covariates_then,
    judge_change_alone,
)

SCANS = {
    "age": 62.0,
    "sex": "male",
    "prior_cac_agatston": 100.0,
    "cac_agatston": 176.0,
    "prior_cac_volume": 90.0,
    "cac_volume": 150.0,
    "prior_scan_years": 3.0,
}
RATES = ("change_per_year", "percent_per_year", "root_change")
BODIES = ((48.0, 173.0), (85.0, 175.0), (160.0, 165.0))


@pytest.fixture(scope="module")
def forecaster(progression_folder: Path) -> Forecaster:
    return Forecaster.load(progression_folder)


def _table(*patients: Mapping[str, object]) -> pd.DataFrame:
    return pd.DataFrame([{**SCANS, **one} for one in patients]).astype({"sex": "str"})


def _twins() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Patients by height and weight, and the same by the index that follows from these."""
    measured = [{"weight": weight, "height": height} for weight, height in BODIES]
    given = [{**one, "bmi": one["weight"] / (one["height"] / 100.0) ** 2} for one in measured]
    return _table(*measured), _table(*given)


def test_a_body_mass_index_that_follows_from_height_and_weight_judges_as_a_recorded_one() -> None:
    verdicts = []
    for table in _twins():
        judged = judge_change_alone(Columns(table, Dictionary.load()))
        verdicts.append({name: column.tolist() for name, column in judged.items()})
    assert verdicts[0] == verdicts[1]
    # the same rise is real in a slight person and noise in a heavy one
    assert len(set(verdicts[0]["change_verdict"])) == 2
    assert verdicts[0]["change_verdict"][0] == RISE


def test_forecast_and_pace_of_a_patient_are_the_same_by_height_and_weight(
    forecaster: Forecaster,
) -> None:
    by_height, by_index = map(forecaster.forecast, _twins())
    pd.testing.assert_frame_equal(by_height, by_index)
    assert by_height["growth_model"].ne("").all()


@pytest.mark.parametrize(
    "made",
    [
        {"slice_thickness": 3.0, "prior_slice_thickness": 1.5},
        {"tube_voltage": 100.0, "prior_tube_voltage": 120.0},
        {"scan_technique": "multidetector", "prior_scan_technique": "electron_beam"},
        {"ecg_gating": "none", "prior_ecg_gating": "prospective"},
        {"prior_scan_comparable": 0.0},
    ],
    ids=lambda made: next(iter(made)),
)
def test_scans_that_are_not_comparable_have_no_rate_and_no_pace(
    forecaster: Forecaster, made: dict[str, object]
) -> None:
    alike = dict.fromkeys(made)
    told = forecaster.forecast(_table(made, {**made, "cac_agatston": None}, alike))
    assert told["change_verdict"].tolist() == [NOT_COMPARABLE, UNKNOWN, RISE]
    assert told["volume_verdict"].tolist() == [NOT_COMPARABLE, NOT_COMPARABLE, RISE]
    rates, paces = told[list(RATES)], told[["growth_published", "growth_model"]]
    assert rates.iloc[:2].isna().all(axis=None) and rates.iloc[2].notna().all()
    said = paces.to_numpy(object) != ""
    assert not said[:2].any() and said[2].all()
    assert told["densified"].eq(0).all()
    # the forecast is of the scan of now alone
    expected = [name for name in told if str(name).startswith("cac_")]
    pd.testing.assert_series_equal(
        told[expected].iloc[0], told[expected].iloc[2], check_names=False
    )


def test_a_model_learns_from_later_scans_by_what_it_forecasts_from() -> None:
    measured, given = _twins()
    vessels = {f"cac_agatston_{vessel}": 176.0 / 4 for vessel in ("lm", "lad", "lcx", "rca")}
    summed = measured.drop(columns="cac_agatston").assign(**vessels)
    later = pd.DataFrame({"years": [4.0], "cac_agatston": [250.0]}, index=[1])
    scans = [LaterScans.of_table(later, table) for table in (summed, given)]
    np.testing.assert_array_equal(scans[0].first, scans[1].first)
    np.testing.assert_array_equal(scans[0].bmi, scans[1].bmi)
    assert scans[0].n_patients == scans[1].n_patients == 1


def test_the_pace_is_where_the_score_lies_in_the_forecast_made_on_the_day_of_the_earlier_scan(
    forecaster: Forecaster,
) -> None:
    scores = np.arange(100.0, 260.0, 2.0)
    now = _table(*({"cac_agatston": one, "bmi": 27.0} for one in scores))
    now = now.drop(columns=["cac_volume", "prior_cac_volume"])
    pace = forecaster.forecast(now)["growth_model"]
    first = {"age": [59.0], "sex": ["male"], "cac_agatston": [100.0], "bmi": [27.0]}
    then = forecaster.forecast(pd.DataFrame(first), [3.0], scores.tolist())
    above = then[[f"above_{one:g}_3y" for one in scores]].to_numpy()[0]
    expected = np.where(above < 0.2, "rapid", np.where(above > 0.8, "slow", "expected"))
    assert set(expected) == {"rapid", "slow", "expected"}
    assert pace.tolist() == expected.tolist()


def test_of_the_calcium_at_the_earlier_scan_no_more_is_known_than_was_recorded_then() -> None:
    seen = {"vessel_count": 4.0, "lesion_count": 9.0, "cac_agatston_lad": 120.0, "cad_rads": "3"}
    then = covariates_then(Columns(_table(seen), Dictionary.load()))
    assert then.iloc[0].to_dict() == {
        "age": 62.0 - 3.0, "sex": "male", "cac_agatston": 100.0, "cac_volume": 90.0,
    }  # fmt: skip


@pytest.mark.parametrize("threshold", [-5.0, float("nan"), float("inf")])
def test_what_is_no_score_cannot_be_passed(forecaster: Forecaster, threshold: float) -> None:
    with pytest.raises(ConfigError, match="from 0 on"):
        forecaster.forecast(_table({}), [5.0], [100.0, threshold])


def test_a_score_of_0_is_pointed_out_wherever_an_earlier_scan_showed_calcium_and_nowhere_else(
    forecaster: Forecaster,
) -> None:
    scores = (np.nan, 0.0, 0.4, 60.0)
    twins = [
        {"prior_cac_agatston": first, "prior_cac_volume": before, "cac_agatston": now}
        for first in scores
        for before in scores
        for now in scores
        if first != 0 or not before > 0
        if before != 0 or not first > 0
    ]
    table = _table(*twins).drop(columns="cac_volume")
    told = forecaster.forecast(table)
    asked = [
        one["cac_agatston"] == 0 and (one["prior_cac_agatston"] > 0 or one["prior_cac_volume"] > 0)
        for one in twins
    ]
    assert told["calcium_seen_before"].astype(bool).tolist() == asked
    assert 0 < sum(asked) < len(asked) / 4
