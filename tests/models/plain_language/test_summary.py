from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import CATALOGUE, derive_features
from models.explanation.explainer import Explainer
from models.explanation.explanation import Explanation
from models.explanation.population import relative_weights
from models.input_ranges import InputRanges
from models.plain_language.summary import PatientSummary, Reason, summarise_patients
from models.plain_language.texts import Texts
from models.plain_language.writing import write_plain_text


@pytest.fixture(scope="module")
def explained(model_folder: Path, drawn_covariates: pd.DataFrame) -> Explanation:
    explainer = Explainer.load(model_folder / "explainer")
    return explainer.explain(derive_features(drawn_covariates.iloc[:60]), 10.0)


def _summaries(covariates: pd.DataFrame, explanation: Explanation) -> list[PatientSummary]:
    ranges = InputRanges({"systolic_bp": (90.0, 170.0)}, ("age", "sex", "ldl_cholesterol"))
    weights = relative_weights(explanation, covariates)
    features = derive_features(covariates)
    moves = np.arange(len(covariates)) / 1000
    return summarise_patients(
        covariates, features, explanation, ranges, moves=moves, weights=weights
    )


def test_each_patient_gets_the_risk_and_reasons_of_the_explanation(
    drawn_covariates: pd.DataFrame, explained: Explanation
) -> None:
    covariates = drawn_covariates.iloc[:60]
    summaries = _summaries(covariates, explained)
    assert [patient.risk for patient in summaries] == explained.risk.tolist()
    contributions = explained.by_variable(CATALOGUE)
    for row, patient in enumerate(summaries):
        if patient.raises:
            recorded = contributions.loc[
                :, covariates.iloc[row].reindex(contributions.columns).notna()
            ]
            assert patient.raises[0].points == pytest.approx(100 * recorded.iloc[row].max())
        assert all(reason.points < 0 for reason in patient.lowers)
        text = str(write_plain_text(patient, Texts.load()))
        assert "nan" not in text.lower()


def test_missing_values_are_listed_by_weight_with_what_knowing_them_would_move(
    drawn_covariates: pd.DataFrame, explained: Explanation
) -> None:
    summaries = _summaries(drawn_covariates.iloc[:60], explained)
    absent = drawn_covariates["ldl_cholesterol"].iloc[:60].isna().to_numpy()
    named = ["ldl_cholesterol" in patient.missing.variables for patient in summaries]
    assert named == absent.tolist() and absent.any()
    weights = relative_weights(explained, drawn_covariates.iloc[:60])
    for row, patient in enumerate(summaries):
        ranks = [weights.get(name, 0.0) for name in patient.missing.variables]
        assert ranks == sorted(ranks, reverse=True)
        assert patient.missing.points == pytest.approx(row / 10)


def test_values_outside_the_training_range_are_named(
    drawn_covariates: pd.DataFrame, explained: Explanation
) -> None:
    summaries = _summaries(drawn_covariates.iloc[:60], explained)
    pressure = drawn_covariates["systolic_bp"].iloc[:60].to_numpy()
    outside = (pressure < 90) | (pressure > 170)
    assert [p.outside == ("systolic_bp",) for p in summaries] == outside.tolist()


def _with_contribution(variable: str, points: float, **values: object) -> PatientSummary:
    position = next(i for i, feature in enumerate(CATALOGUE) if feature.variable == variable)
    contributions = np.zeros((1, len(CATALOGUE)))
    contributions[0, position] = points / 100
    covariates = pd.DataFrame({name: [value] for name, value in values.items()})
    names = tuple(feature.name for feature in CATALOGUE)
    risk = np.array([0.1 + points / 100])
    explanation = Explanation(
        contributions, np.zeros(1), 0.1, risk, names, 10.0, covariates.index, np.zeros((1, 1))
    )
    features = derive_features(covariates)
    return summarise_patients(covariates, features, explanation, InputRanges({}, ()))[0]


def test_a_statin_marks_treated_disease_only_in_those_who_take_one() -> None:
    taken = _with_contribution("statin_intensity", 1.2, statin_intensity="high")
    assert taken.treated == ("statin_intensity",)
    not_taken = _with_contribution("statin_intensity", 1.2, statin_intensity="none")
    lowering = _with_contribution("statin_intensity", -1.2, statin_intensity="high")
    assert not_taken.treated == lowering.treated == ()


def test_a_stent_is_no_treatment_that_could_be_stopped() -> None:
    assert _with_contribution("prior_pci", 5.0, prior_pci=1.0).treated == ()
    assert _with_contribution("insulin", 5.0, insulin=1.0).treated == ("insulin",)


def test_a_contribution_that_reads_as_nothing_is_no_reason() -> None:
    assert _with_contribution("age", 0.04, age=60.0).raises == ()
    assert _with_contribution("age", 0.06, age=60.0).raises[0].variable == "age"


def test_a_reason_knows_its_value_unless_it_was_worked_out() -> None:
    taken = _with_contribution("statin_intensity", 1.2, statin_intensity="high", age=60.0)
    assert [replace(reason, points=0) for reason in taken.raises] == [
        Reason("statin_intensity", 0, "high")
    ]
    derived = _with_contribution("bmi", 0.5, height=180.0, weight=97.2)
    assert [replace(reason, points=0) for reason in derived.raises] == [Reason("bmi", 0)]


def test_what_is_unknown_is_no_reason_but_is_counted() -> None:
    absent = _with_contribution("statin_intensity", -1.2, age=60.0)
    assert absent.lowers == absent.raises == ()
    assert absent.missing.counted == pytest.approx(-1.2)


def test_what_is_small_beside_the_largest_is_no_reason(
    drawn_covariates: pd.DataFrame, explained: Explanation
) -> None:
    for patient in _summaries(drawn_covariates.iloc[:60], explained):
        sizes = [abs(reason.points) for reason in (*patient.raises, *patient.lowers)]
        assert min(sizes) >= 0.1 * max(sizes)


def test_calcium_is_read_from_the_features() -> None:
    patient = _with_contribution("age", 1.0, age=60.0, sex="male", cac_agatston=99.0)
    assert patient.calcium_score == pytest.approx(99.0)
    assert patient.arterial_age == pytest.approx(39.1 + 7.25 * np.log(100))
    assert patient.percentile is not None and not patient.by_ethnicity
    white = _with_contribution(
        "age", 1.0, age=60.0, sex="male", ethnicity="white", cac_agatston=99.0
    )
    young = _with_contribution(
        "age", 1.0, age=40.0, sex="male", ethnicity="white", cac_agatston=99.0
    )
    assert white.by_ethnicity and not young.by_ethnicity
    assert replace(white, calcium_score=None) != white


def test_nobody_gives_no_text(drawn_covariates: pd.DataFrame, explained: Explanation) -> None:
    nobody = replace(
        explained, values=explained.values[:0], risk=explained.risk[:0], index=explained.index[:0]
    )
    assert _summaries(drawn_covariates.iloc[:0], nobody) == []


@pytest.mark.parametrize(
    ("contributions", "unsure"),
    [
        ({"cac_agatston": 2.2, "age": 0.7, "systolic_bp": 0.3}, ["cac_agatston"]),
        # smaller than what is named, and than half of the largest
        ({"cac_agatston": 0.5, "age": 2.7, "systolic_bp": 0.3}, []),
        ({"cac_agatston": 12.0, "age": 23.0, "systolic_bp": 0.0}, ["cac_agatston"]),
        ({"cac_agatston": -3.0, "age": 0.7, "systolic_bp": -0.5}, ["cac_agatston"]),
        ({"cac_agatston": 2.0, "age": 0.0, "systolic_bp": 0.0}, ["cac_agatston"]),
        ({"cac_agatston": 0.0, "age": 0.7, "systolic_bp": -0.4}, []),
    ],
)
def test_the_largest_is_not_passed_over_for_not_being_certain(
    contributions: dict[str, float], unsure: list[str]
) -> None:
    covariates = pd.DataFrame({name: [60.0] for name in contributions})
    values = np.zeros((1, len(CATALOGUE)))
    for name, points in contributions.items():
        first = next(i for i, feature in enumerate(CATALOGUE) if feature.variable == name)
        values[0, first] = points / 100
    names = tuple(feature.name for feature in CATALOGUE)
    explanation = Explanation(
        values, np.zeros(1), 0.1, np.array([0.1 + values.sum()]), names, 10.0, covariates.index,
        np.zeros((1, 1)),
    )  # fmt: skip
    by_variable = explanation.by_variable(CATALOGUE)
    certain = np.array([[name != "cac_agatston" for name in by_variable]])
    (found,) = summarise_patients(
        covariates, derive_features(covariates), explanation, InputRanges({}, ()), certain=certain
    )
    assert [reason.variable for reason in found.unsure] == unsure
    assert "cac_agatston" not in [one.variable for one in (*found.raises, *found.lowers)]
    text = str(write_plain_text(found, Texts.load()))
    assert ("What may count as much" in text) == bool(unsure)
    assert "No single value moves the risk much" not in text
