from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.errors import HorizonError
from models.reference_scores.reference_score import ReferenceScore
from models.reference_scores.registry import REFERENCE_SCORES, build_scores, describe_scores
from tests.models.reference_scores.patients import HEALTHY, frame, healthy

ALL = list(REFERENCE_SCORES.values())
SCORES = pytest.mark.parametrize("score", ALL, ids=lambda score: score.name)


def _age(score: ReferenceScore) -> float:
    return 75.0 if score.name == "score2_op" else 55.0


@SCORES
def test_a_healthy_patient_has_a_risk_by_every_published_horizon(score: ReferenceScore) -> None:
    horizons = score.publication.horizons
    risk = score.predict_risk(healthy(age=_age(score)), horizons)
    assert risk.shape == (1, len(horizons))
    assert ((risk > 0) & (risk < 1)).all()
    assert (np.diff(risk, axis=1) > 0).all()


@SCORES
def test_a_horizon_it_was_not_published_for_is_an_error_that_names_the_others(
    score: ReferenceScore,
) -> None:
    with pytest.raises(HorizonError, match=rf"{score.name} .*by 5 years, only by 10"):
        score.predict_risk(healthy(), [10, 5])
    with pytest.raises(HorizonError):
        score.coverage(healthy(), [5])


@SCORES
def test_each_required_input_that_is_missing_or_absent_leaves_no_risk(
    score: ReferenceScore,
) -> None:
    complete = {**HEALTHY, "age": _age(score)}
    therapy = {"lipid_lowering", "statin_intensity"}  # each tells of the other
    for name in score.required_inputs(10):
        hidden = therapy if name in therapy else {name}
        absent = {key: value for key, value in complete.items() if key not in hidden}
        for table in (frame(absent), frame(complete, absent).iloc[1:]):
            assert np.isnan(score.predict_risk(table, [10])).all(), name
            found = score.coverage(table, [10])
            assert name in set(found.loc[found["finding"] == "input absent", "variable"])


@SCORES
def test_a_value_beyond_its_published_range_leaves_no_risk_instead_of_being_clamped(
    score: ReferenceScore,
) -> None:
    used = {*score.required_inputs(10), *score.optional_inputs()}
    for name, (low, high) in score.ranges(10).items():
        if name not in used:
            continue
        step = 1.0 if name == "age" else 1e-6
        values = (low, high, low - step, high + step)
        base = {**HEALTHY, "age": _age(score)}
        table = frame(*({**base, name: value} for value in values))
        known = np.isfinite(score.predict_risk(table, [10])[:, 0]).tolist()
        assert known == [True, True, False, False], name


@SCORES
@pytest.mark.parametrize("history", ["prior_cad", "prior_stroke", "prior_pad", "prior_pci"])
def test_patients_with_cardiovascular_disease_have_no_risk(
    score: ReferenceScore, history: str
) -> None:
    base = {**HEALTHY, "age": _age(score)}
    table = frame({**base, history: 0}, {**base, history: 1})
    assert np.isfinite(score.predict_risk(table, [10])[:, 0]).tolist() == [True, False]
    coverage = score.coverage(table, [10]).set_index("finding")["patients"]
    assert coverage["not for these patients"] == 1


@SCORES
def test_who_has_what_nobody_in_the_derivation_had_has_no_risk(score: ReferenceScore) -> None:
    base = {**HEALTHY, "age": _age(score)}
    for illness in ("heart_failure", "atrial_fibrillation"):
        answered = np.isfinite(score.predict_risk(frame({**base, illness: 1}), [10])[0, 0])
        assert answered != (illness in score.publication.free_of)
    left_out = "heart_failure" in score.publication.free_of
    assert left_out == (not score.name.startswith("score2"))


@SCORES
def test_disease_that_nobody_recorded_is_counted_as_an_assumption(score: ReferenceScore) -> None:
    coverage = score.coverage(healthy(age=_age(score)), [10])
    assumed = coverage[coverage["finding"] == "assumed"]
    assert assumed["patients"].tolist() == [1]
    assert assumed["variable"].item().startswith("prior_cad")


@SCORES
def test_no_patients_give_no_risks(score: ReferenceScore) -> None:
    empty = healthy().iloc[:0]
    assert score.predict_risk(empty, [10]).shape == (0, 1)
    assert score.coverage(empty, [10])["patients"].tolist() == [0]


@SCORES
def test_a_table_without_any_input_gives_no_risk(score: ReferenceScore) -> None:
    table = pd.DataFrame(index=pd.Index(["p0", "p1"], name="patient_id", dtype="str"))
    assert np.isnan(score.predict_risk(table, [10])).all()
    assert score.coverage(table, [10]).iloc[0]["share"] == 0


@SCORES
def test_rows_stand_alone(score: ReferenceScore) -> None:
    rng = np.random.default_rng(3)
    ages = rng.uniform(30, 95, 50)
    table = frame(
        *(
            {**HEALTHY, "age": age, "sex": s}
            for age, s in zip(ages, ["female", "male"] * 25, strict=True)
        )
    )
    whole = score.predict_risk(table, [10])
    parts = [score.predict_risk(table.iloc[[row]], [10]) for row in range(50)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_every_score_states_where_it_comes_from_and_for_whom() -> None:
    table = describe_scores(ALL)
    assert table["score"].tolist() == list(REFERENCE_SCORES)
    assert (table.map(len) > 0).all(axis=None)
    assert table["citation"].str.contains(r"doi:10\.").all()


def test_prevent_outcome_and_score2_region_can_be_chosen() -> None:
    chosen = build_scores(("ascvd", "chd"), "high")
    assert {"prevent_base_ascvd", "prevent_full_chd"} <= set(chosen)
    assert "high" in chosen["score2"].title
    assert "prevent_base_total_cvd" not in chosen


def test_a_hundred_thousand_patients_get_what_one_gets() -> None:
    one = healthy().loc[["p0"]]
    table = healthy().loc[np.repeat("p0", 100_000)]
    for score in (REFERENCE_SCORES["mesa_chd_cac"], REFERENCE_SCORES["prevent_full_total_cvd"]):
        alone = np.asarray(score.predict_risk(one, [10]))
        assert (np.asarray(score.predict_risk(table, [10])) == alone).all()
