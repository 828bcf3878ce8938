"""The risk of patients whose total score is unknown while some of their vessels are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.derivation.calcium import VESSELS
from features.derivation.columns import Columns
from features.derivation.known_calcium import least_score
from models.compiled.compiled_scorer import compile_scorer
from models.scorer import Scorer

LAD = [0.0, 3.0, 40.0, 300.0, 1200.0, np.nan]


@pytest.fixture(scope="module")
def scorer(model_folder: Path) -> Scorer:
    """Of a model that has never seen a score of a vessel."""
    return Scorer.load(model_folder)


@pytest.fixture(scope="module")
def patients(drawn_covariates: pd.DataFrame) -> pd.DataFrame:
    """Thirty patients, each with six scores of the LAD in turn, one of the RCA and no total."""
    one = drawn_covariates.head(30).assign(cac_agatston=np.nan)
    several = one.loc[one.index.repeat(6)].reset_index(drop=True)
    unknown = several.assign(**{f"cac_agatston_{vessel}": np.nan for vessel in VESSELS})
    return unknown.assign(cac_agatston_lad=np.tile(LAD, 30), cac_agatston_rca=10.0)


def test_the_hazard_is_no_lower_than_with_the_sum_of_the_known_calcium_as_total(
    scorer: Scorer, patients: pd.DataFrame
) -> None:
    vessels = [f"cac_agatston_{vessel}" for vessel in VESSELS]
    least = patients[vessels].sum(axis=1)
    of_part = scorer.margins_of(patients)[:, 0]
    of_least = scorer.margins_of(patients.assign(cac_agatston=least))[:, 0]
    of_gap = scorer.margins_of(patients.assign(**dict.fromkeys(vessels, np.nan)))[:, 0]
    assert of_part == pytest.approx(np.maximum(of_least, of_gap), abs=1e-12)
    assert (of_least > of_gap).any()
    assert (of_least < of_gap).any()


def test_more_calcium_in_one_vessel_never_lowers_the_hazard(
    scorer: Scorer, patients: pd.DataFrame
) -> None:
    hazards = scorer.margins_of(patients)[:, 0].reshape(30, 6)[:, :5]
    assert np.diff(hazards, axis=1).min() >= 0
    assert (hazards[:, 4] > hazards[:, 0]).all()


def test_risks_and_reasons_are_told_of_the_reading_that_counts(
    scorer: Scorer, patients: pd.DataFrame
) -> None:
    scored = scorer.score(patients, [10.0], n_reasons=3)
    margins = scorer.margins_of(patients)
    assert scored["risk_10y"].to_numpy() == pytest.approx(
        scorer.predictor.link.risk(margins, [10.0])[:, 0], abs=1e-12
    )
    much = scored[patients["cac_agatston_lad"] == 1200.0]
    calcium = scorer.labels["cac_agatston"]
    assert much["reason_1"].str.startswith(f"{calcium}: not recorded +").mean() > 0.8
    again = compile_scorer(scorer).score(patients, [10.0], n_reasons=3)
    assert again["risk_10y"].to_numpy() == pytest.approx(scored["risk_10y"], abs=1e-9)


def test_nothing_is_supposed_of_a_known_total_nor_of_vessels_without_calcium(
    scorer: Scorer, patients: pd.DataFrame
) -> None:
    none = patients.assign(cac_agatston_lad=0.0, cac_agatston_rca=np.nan)
    total = patients.assign(cac_agatston=100.0)
    for table in (none, total, patients.iloc[:0]):
        columns = Columns(table, scorer.dictionary)
        wanted = scorer.predictor.feature_names
        features = scorer.derive(columns, wanted)
        assert features["log_cac"].isna().equals(table["cac_agatston"].isna())


def test_an_earlier_score_is_the_least_that_one_not_known_can_be(
    scorer: Scorer, drawn_covariates: pd.DataFrame
) -> None:
    one = drawn_covariates.head(40).assign(cac_agatston=np.nan, prior_scan_years=4.0)
    earlier = [0.0, 50.0, 400.0, 1400.0]
    found = np.array(
        [scorer.margins_of(one.assign(prior_cac_agatston=score))[:, 0] for score in earlier]
    )
    least = scorer.margins_of(one.assign(cac_agatston=1400.0, prior_cac_agatston=np.nan))[:, 0]
    assert np.diff(found, axis=0).min() >= 0
    assert (found[-1] > found[0]).all()
    assert (found[-1] >= least - 1e-12).all()
    # a score that is known needs no other
    known = one.assign(cac_agatston=30.0)
    same = [
        scorer.margins_of(known.assign(prior_cac_agatston=score))[:, 0] for score in (50.0, 400.0)
    ]
    assert (same[0] == same[1]).all()


@pytest.mark.parametrize(
    ("known", "least"),
    [
        ({"cac_agatston": 20.0, "cac_agatston_lad": 10.0}, None),
        ({"cac_agatston_lad": 0.3}, 1.0),
        ({"cac_agatston_lad": 10.0, "cac_agatston_rca": 30.0}, 40.0),
        ({"cac_agatston_lad": 10.0, "prior_cac_agatston": 300.0}, 300.0),
        ({"prior_cac_agatston": 0.0}, 0.0),
        ({"cac_volume": 120.0}, 1.0),
        ({"lesion_count": 0.0}, None),
        ({}, None),
    ],
)
def test_what_is_known_of_a_score_that_is_not(
    scorer: Scorer, known: dict[str, float], least: float | None
) -> None:
    columns = Columns(pd.DataFrame([{"age": 60.0, **known}]), scorer.dictionary)
    found = float(least_score(columns)[0])
    assert np.isnan(found) if least is None else found == least


@pytest.mark.parametrize("name", ["cac_volume", "lesion_count", "vessel_count"])
def test_no_earlier_score_is_supposed_where_none_is_recorded_now(
    scorer: Scorer, drawn_covariates: pd.DataFrame, name: str
) -> None:
    earlier = {"prior_cac_agatston": 250.0, "prior_scan_years": 5.0}
    gone = drawn_covariates.head(20).assign(**{"cac_agatston": np.nan, name: 0.0})
    both = gone.assign(**earlier)
    assert np.isnan(least_score(Columns(both, scorer.dictionary))).all()
    assert scorer.margins_of(both) == pytest.approx(scorer.margins_of(gone), abs=1e-12)
