from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.array_types import FloatArray
from features.cohort_map.cohort_map import CohortMap
from features.derivation.catalogue import CATALOGUE
from features.errors import CohortError, ConfigError, HorizonError, ModelError
from features.intake.rows import NOT_SELECTED
from models.scorer import Scorer
from pipeline.scoring.batch import UNTOLD, score_batch
from pipeline.scoring.columns import Categories, Comparison, Wanted
from pipeline.scoring.risk_rules import ScoringRules


@pytest.fixture(scope="module")
def scorer(model_folder: Path) -> Scorer:
    return Scorer.load(model_folder)


@pytest.fixture
def raw(drawn_covariates: pd.DataFrame) -> pd.DataFrame:
    """60 patients as typed columns, numbered from row 2 on."""
    rows = drawn_covariates.head(60).reset_index()
    return rows.set_axis(pd.RangeIndex(2, 62))


def make_rules(scorer: Scorer, raw: pd.DataFrame, wanted: Wanted | None = None) -> ScoringRules:
    return ScoringRules.make(scorer, None, list(map(str, raw)), wanted)


def as_texts(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.astype(object).fillna("").astype("str")


@pytest.mark.parametrize("reasons", [0, 3])
@pytest.mark.parametrize("intervals", [True, False])
def test_a_batch_gets_the_scorers_numbers_to_the_last_bit(
    scorer: Scorer,
    raw: pd.DataFrame,
    drawn_covariates: pd.DataFrame,
    reasons: int,
    intervals: bool,
) -> None:
    rules = make_rules(scorer, raw, Wanted(reasons=reasons, intervals=intervals))
    scored, rejects = score_batch(raw, rules)
    plain = scorer if intervals else replace(scorer, interval=None)
    expected = plain.score(drawn_covariates.head(60), n_reasons=reasons)
    assert rejects.empty
    assert scored["patient_id"].tolist() == list(expected.index)
    for name in expected:
        assert scored[name].tolist() == expected[name].tolist(), name


def test_text_and_typed_cells_give_the_same_scores(scorer: Scorer, raw: pd.DataFrame) -> None:
    rules = make_rules(scorer, raw, Wanted(reasons=0))
    typed, _ = score_batch(raw, rules)
    text, _ = score_batch(as_texts(raw), rules)
    pd.testing.assert_frame_equal(typed, text)


def test_text_and_typed_cells_give_the_same_rejects(scorer: Scorer, raw: pd.DataFrame) -> None:
    raw.loc[4, "age"] = -3.0
    raw.loc[5, "diabetes"] = 2.0
    raw.loc[6, "systolic_bp"] = np.inf
    raw.loc[7, "sex"] = "king"
    raw.loc[8, ["age", "ldl_cholesterol"]] = [500.0, 0.0]
    rules = make_rules(scorer, raw, Wanted(reasons=0))
    _, typed = score_batch(raw, rules)
    _, text = score_batch(as_texts(raw), rules)
    assert typed["row"].tolist() == [4, 5, 6, 7, 8]
    assert typed["column"].tolist()[3:] == ["sex", "age; ldl_cholesterol"]
    pd.testing.assert_frame_equal(typed, text)


def test_rows_in_which_a_whole_column_is_wrong_are_rejected_one_by_one(
    scorer: Scorer, raw: pd.DataFrame
) -> None:
    texts = as_texts(raw)
    texts["ldl_cholesterol"] = ["many", *[""] * 59]
    texts["sex"] = ["king", "queen", "knave", *["male"] * 57]
    scored, rejects = score_batch(texts, make_rules(scorer, texts, Wanted(reasons=0)))
    assert rejects["row"].tolist() == [2, 3, 4]
    assert rejects["column"].tolist() == ["ldl_cholesterol; sex", "sex", "sex"]
    assert len(scored) == 57


def test_an_identifier_that_a_spreadsheet_mangled_or_that_is_missing_rejects_its_row(
    scorer: Scorer, raw: pd.DataFrame
) -> None:
    raw.loc[[3, 4, 5], "patient_id"] = ["1.2E+10", "", "#REF!"]
    _, rejects = score_batch(raw, make_rules(scorer, raw, Wanted(reasons=0)))
    assert rejects["row"].tolist() == [3, 4, 5]
    assert rejects["rule"].tolist() == [
        "was turned into scientific notation by a spreadsheet",
        "no patient identifier",
        "holds spreadsheet errors",
    ]


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e-6, 1.01])
@pytest.mark.parametrize("name", ["risk_10y", "risk_5y_low"])
def test_what_can_be_no_risk_rejects_its_row_and_is_counted_nowhere(
    scorer: Scorer, raw: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, value: float, name: str
) -> None:
    find = Scorer._risks

    def fail_at_third(self: Scorer, *given: Any) -> dict[str, FloatArray]:
        found = {name: risks.copy() for name, risks in find(self, *given).items()}
        found[name][2] = value
        return found

    rules = make_rules(scorer, raw, Wanted(reasons=0))
    sound, _ = score_batch(raw, rules)
    monkeypatch.setattr(Scorer, "_risks", fail_at_third)
    raw.loc[3, "age"] = -3.0  # a reject for what stands in it: patient 3 is the fourth row now
    scored, rejects = score_batch(raw, rules)
    assert rejects["row"].tolist() == [3, 5]
    assert rejects["rule"].tolist()[1] == UNTOLD
    assert rejects["patient_id"].tolist() == raw.loc[[3, 5], "patient_id"].tolist()
    pd.testing.assert_frame_equal(scored, sound.drop(index=[3, 5]))
    with pytest.raises(ModelError, match="1 of 9 sound rows is no risk"):
        scorer.score(raw.drop(columns="patient_id").tail(9))


def test_rows_that_the_map_leaves_out_say_so(scorer: Scorer, raw: pd.DataFrame) -> None:
    content = {
        "name": "mine",
        "file": "mine.csv",
        "patient_id": "PATIENT_ID",
        "include": [{"column": "AGE", "at_least": "60", "reason": "60 or older"}],
        "variables": {"age": {"column": "AGE", "unit": "years"}, "sex": "sex"},
    }
    rules = ScoringRules.make(scorer, CohortMap.read("mine.yaml", content), list(map(str, raw)))
    scored, rejects = score_batch(raw, rules)
    young = ~(raw["age"] >= 60)
    assert rejects["row"].tolist() == raw.index[young].tolist()
    assert set(rejects["rule"]) == {NOT_SELECTED}
    assert rejects["patient_id"].tolist() == raw.loc[young, "patient_id"].tolist()
    assert len(scored) == (~young).sum()


def test_columns_kept_come_through_as_text_and_may_not_clash(
    scorer: Scorer, raw: pd.DataFrame
) -> None:
    raw["ward"] = pd.Series([7.0, np.nan, *["b"] * 58], index=raw.index, dtype="object")
    scored, _ = score_batch(raw, make_rules(scorer, raw, Wanted(reasons=0, keep=("ward",))))
    assert scored["ward"].tolist()[:3] == ["7.0", "", "b"]
    with pytest.raises(ConfigError, match="no such column"):
        make_rules(scorer, raw, Wanted(keep=("bed",)))


def test_points_may_stand_in_a_column_of_numbers(scorer: Scorer, raw: pd.DataFrame) -> None:
    text, _ = score_batch(raw, make_rules(scorer, raw))
    apart, _ = score_batch(raw, make_rules(scorer, raw, Wanted(points="column")))
    joined = [
        f"{name} {points:+.1f}" if name else ""
        for name, points in zip(apart["reason_1"], apart["reason_1_points"], strict=True)
    ]
    assert joined == text["reason_1"].tolist()


def test_a_risk_at_a_threshold_belongs_to_the_category_above(
    scorer: Scorer, raw: pd.DataFrame
) -> None:
    scored, _ = score_batch(raw, make_rules(scorer, raw, Wanted(reasons=0)))
    risk = scored["risk_10y"]
    expected = np.select(
        [risk >= 0.2, risk >= 0.075, risk >= 0.05], ["high", "intermediate", "borderline"], "low"
    )
    assert scored["risk_category"].tolist() == expected.tolist()


def test_a_risk_by_another_horizon_has_no_category(scorer: Scorer, raw: pd.DataFrame) -> None:
    scored, _ = score_batch(raw, make_rules(scorer, raw, Wanted(horizons=(0.5,), reasons=0)))
    assert scored["risk_category"].isna().all()


def test_a_risk_of_dying_has_no_category_of_cardiovascular_risk(
    scorer: Scorer, raw: pd.DataFrame
) -> None:
    deadly = replace(scorer, about=replace(scorer.about, any_death=True))
    own = Categories((0.1,), ("low", "high"))  # thresholds that somebody chose
    for wanted, empty in ((Wanted(reasons=0), True), (Wanted(reasons=0, categories=own), False)):
        rules = make_rules(deadly, raw, wanted)
        scored, _ = score_batch(raw, rules)
        assert scored["risk_category"].isna().all() == empty
        assert ("any death is the event" in rules.told["risk_category"]["meaning"]) is empty


def test_a_model_without_calcium_fills_none_in(scorer: Scorer, raw: pd.DataFrame) -> None:
    predictor = scorer.predictor
    calcium = {one.name for one in CATALOGUE if one.variable == "cac_agatston"}
    places = [i for i in predictor.completion.used if predictor.feature_names[i] not in calcium]
    completion = replace(predictor.completion, used=np.array(places))
    rules = make_rules(scorer, raw)
    blind = replace(scorer, predictor=replace(predictor, completion=completion))
    assert rules.uses_calcium
    assert not replace(rules, scorer=blind).uses_calcium


def test_a_calcium_score_that_is_not_known_is_flagged(scorer: Scorer, raw: pd.DataFrame) -> None:
    scored, _ = score_batch(raw, make_rules(scorer, raw, Wanted(reasons=0)))
    missing = raw["cac_agatston"].isna()
    assert 0 < missing.sum() < 60
    assert scored["imputed_cac"].tolist() == missing.astype(int).tolist()


def test_nothing_known_and_nothing_answerable_are_refused(
    scorer: Scorer, raw: pd.DataFrame
) -> None:
    with pytest.raises(CohortError, match="no column of the map"):
        ScoringRules.make(scorer, None, ["nothing", "known"])
    with pytest.raises(HorizonError):
        make_rules(scorer, raw, Wanted(horizons=(99.0,)))


@pytest.mark.parametrize("n", [0, 1])
def test_a_batch_may_hold_one_patient_or_none(scorer: Scorer, raw: pd.DataFrame, n: int) -> None:
    rules = make_rules(scorer, raw)
    whole, _ = score_batch(raw, rules)
    scored, rejects = score_batch(raw.head(n), rules)
    assert (len(scored), len(rejects)) == (n, 0)
    assert list(scored) == list(rules.staged)
    if n:
        assert scored.iloc[0].tolist() == whole.iloc[0].tolist()


def test_a_risk_of_dying_is_held_against_no_published_score(
    scorer: Scorer, raw: pd.DataFrame
) -> None:
    deadly = replace(scorer, about=replace(scorer.about, any_death=True))
    for one, compared in ((scorer, True), (deadly, False)):
        rules = make_rules(one, raw, Wanted(comparison=Comparison("mesa_chd_cac", 2.0)))
        scored, _ = score_batch(raw, rules)
        assert ("reference_disagrees" in scored) is compared
        assert ("reference_disagrees" in rules.told) is compared
