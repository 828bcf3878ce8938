"""A risk keeps its level whatever is missing; against the true risks of a simulated cohort."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from features.array_types import FloatArray
from features.derivation.catalogue import derive_features, learnable
from features.dictionary.dictionary import Dictionary
from features.endpoint import Endpoint
from features.simulation.cohort import simulate_cohort
from models.absent_columns import find_absent
from models.estimator.risk_estimator import known_directions, known_priors
from models.input_ranges import InputRanges
from models.risk.predictor import RiskPredictor
from models.risk.risk_model import RiskModel
from models.saving.absence_fitting import fit_absences
from tests.fast_part import fast_each

N_FITTED = 4_000


@dataclass(frozen=True)
class Trial:
    """A model, and patients it has not seen with the truth about them."""

    model: RiskModel
    predictor: RiskPredictor
    ranges: InputRanges
    covariates: pd.DataFrame
    true_risk: FloatArray

    def lack(self, *variables: str) -> float:
        """The mean 10-year risk of a file that has no column of these variables."""
        covariates = self.covariates.drop(columns=list(variables))
        names = self.predictor.feature_names
        absent = find_absent(list(map(str, covariates)), Dictionary.load(), self.ranges, names)
        predictor = self.predictor.without(absent)
        return float(predictor.risk(derive_features(covariates), [10.0]).mean())

    @cached_property
    def whole(self) -> float:
        """The mean 10-year risk of a file that has every column."""
        return self.lack()

    def predict_without(self, *variables: str) -> FloatArray:
        """10-year risks (n,) with these variables not recorded."""
        covariates = self.covariates.assign(**dict.fromkeys(variables, np.nan))
        return self.model.predict_risk(derive_features(covariates), [10.0])[:, 0]


@pytest.fixture(scope="module")
def trial() -> Trial:
    drawn = simulate_cohort(3 * N_FITTED, seed=11, with_lesions=False)
    fitted = drawn.covariates.iloc[:N_FITTED]
    outcome = drawn.endpoint.iloc[:N_FITTED]
    endpoint = Endpoint(outcome["time"].to_numpy(float), outcome["event"].to_numpy(np.int8))
    model = RiskModel(
        monotone=known_directions(),
        priors=known_priors(),
        widths=(0.5,),
        penalties=(),
        max_rounds=60,
        n_threads=1,
    ).fit(learnable(derive_features(fitted)), endpoint)
    ranges, known, predictor = InputRanges.fit(fitted), Dictionary.load(), model.predictor_
    X = derive_features(fitted)
    risk = predictor.risk(X, [10.0])[:, 0]
    absences = fit_absences(predictor, X, risk, known, ranges, 10.0)
    predictor = replace(predictor, absences=absences)
    unseen = drawn.covariates.iloc[N_FITTED:]
    return Trial(
        model, predictor, ranges, unseen, drawn.truth["true_risk_10y"].to_numpy()[N_FITTED:]
    )


def _variables(*groups: str) -> list[str]:
    return [name for name, variable in Dictionary.load().items() if variable.group in groups]


@pytest.mark.parametrize(
    "groups",
    [
        ("calcium", "morphology"),
        ("lipids", "laboratory"),
        ("vital",),
        ("therapy",),
        ("lifestyle", "mineral"),
        ("history",),
        ("calcium", "morphology", "vital"),
    ],
    ids=", ".join,
)
def test_the_mean_risk_stays_right_without_a_group_of_inputs(
    trial: Trial, groups: tuple[str, ...]
) -> None:
    complete = trial.predict_without().mean()
    without = trial.predict_without(*_variables(*groups)).mean()
    assert without / complete == pytest.approx(1.0, abs=0.1)
    assert without / trial.true_risk.mean() == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("status", ["never", "former", "current"])
def test_nobody_s_habits_are_counted_twice_where_calcium_is_unknown(
    trial: Trial, status: str
) -> None:
    # several features tell of smoking, some of them against their direction beside the others
    unknown = trial.predict_without(*_variables("calcium", "morphology"))
    here = (trial.covariates["smoking_status"] == status).to_numpy()
    assert unknown[here].mean() / trial.true_risk[here].mean() == pytest.approx(1.0, abs=0.15)


GROUPS = sorted({variable.group for variable in Dictionary.load().values()} - {"emerging"})


@pytest.mark.parametrize(
    "variables",
    [
        *((name,) for name in ("age", "sex", "cac_agatston", "systolic_bp", "smoking", "diabetes")),
        *(tuple(_variables(group)) for group in GROUPS),
        *fast_each(9, [(tuple(_variables(*two)),) for two in combinations(GROUPS, 2)]),
        tuple(_variables(*(group for group in GROUPS if group != "demographic"))),
    ],
    ids=lambda names: names[0] + f" and {len(names) - 1} more" * (len(names) > 1),
)
def test_without_a_column_or_a_group_mean_risk_is_that_of_the_whole_file(
    trial: Trial, variables: tuple[str, ...]
) -> None:
    there = [name for name in variables if name in trial.covariates]
    assert trial.lack(*there) / trial.whole == pytest.approx(1.0, abs=0.06)


CLASSIC = ("age", "sex", "systolic_bp", "smoking_status", "diabetes")
FILES = {
    "age and sex": ("age", "sex"),
    "classic, LDL": (*CLASSIC, "ldl_cholesterol"),
    "pooled cohort equations": (*CLASSIC, "total_cholesterol", "hdl_cholesterol", "bp_treated"),
    "classic, calcium": (*CLASSIC, "ldl_cholesterol", "cac_agatston"),
    "calcium, volume and vessels": ("age", "sex", "cac_agatston", "cac_volume", "cac_n_vessels"),
    "laboratory": ("age", "sex", *_variables("laboratory", "lipids")),
}


@pytest.mark.parametrize("there", FILES.values(), ids=FILES)
def test_a_file_of_few_columns_has_the_mean_risk_of_a_whole_one(
    trial: Trial, there: tuple[str, ...]
) -> None:
    lacking = [str(name) for name in trial.covariates if name not in there]
    assert trial.lack(*lacking) / trial.whole == pytest.approx(1.0, abs=0.07)


@pytest.mark.slow
def test_any_few_columns_have_about_the_mean_risk_of_the_whole_file(trial: Trial) -> None:
    draws, names = np.random.default_rng(8), [str(name) for name in trial.covariates]
    others = [name for name in names if name not in ("age", "sex")]
    moved = []
    for _ in range(25):
        there = {"age", "sex", *draws.choice(others, draws.integers(1, 40), replace=False)}
        moved.append(trial.lack(*(name for name in names if name not in there)))
    off = np.array(moved) / trial.whole - 1
    assert np.abs(off).max() < 0.1
    assert np.sqrt((off**2).mean()) < 0.045


@pytest.mark.slow
def test_without_any_set_of_columns_mean_risk_is_about_that_of_the_whole_file(
    trial: Trial,
) -> None:
    draws, names = np.random.default_rng(7), [str(name) for name in trial.covariates]
    moved = [
        trial.lack(*draws.choice(names, draws.integers(2, 40), replace=False)) for _ in range(25)
    ]
    assert np.abs(np.array(moved) / trial.whole - 1).max() < 0.12


def test_without_calcium_risk_is_right_from_low_to_high(trial: Trial) -> None:
    risk = trial.predict_without(*_variables("calcium", "morphology"))
    fifth = np.argsort(np.argsort(risk)) * 5 // len(risk)
    for group in range(5):
        expected, true = risk[fifth == group].mean(), trial.true_risk[fifth == group].mean()
        assert expected / true == pytest.approx(1.0, abs=0.25)


def test_a_high_agatston_score_counts_without_vessels_volume_or_morphology(trial: Trial) -> None:
    others = [name for name in _variables("calcium", "morphology") if name != "cac_agatston"]
    high = (trial.covariates["cac_agatston"] > 400).to_numpy()
    risk = trial.predict_without(*others)[high].mean()
    assert risk / trial.true_risk[high].mean() == pytest.approx(1.0, abs=0.15)


def test_age_or_sex_alone_may_be_missing(trial: Trial) -> None:
    complete = trial.predict_without().mean()
    # without age a mean risk is a tenth too high: the old have more events and die sooner, and
    # what gaps leave open is weighed for each cause by itself
    for name, off in (("age", 0.13), ("sex", 0.06)):
        assert trial.predict_without(name).mean() / complete == pytest.approx(1.0, abs=off)


def test_a_patient_of_whom_nothing_is_known_is_not_taken_for_a_healthy_one(trial: Trial) -> None:
    risk = trial.predict_without(*trial.covariates.columns)[0]
    assert 0.9 < risk / trial.true_risk.mean() < 1.8
