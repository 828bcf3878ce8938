from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.endpoint import Endpoint
from features.splits import cross_validation_folds
from models.cores import side_by_side
from models.evaluation.cross_validation import cross_validate, measure_folds
from models.metrics.calibration.level_and_slope import observed_over_expected
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp
from tests.models.evaluation.toy_models import AverageModel, SignalModel
from tests.models.metrics.simulated import simulate


@pytest.fixture(scope="module")
def patients() -> tuple[pd.DataFrame, Endpoint]:
    cohort = simulate(600, seed=21)
    noise = np.random.default_rng(0).normal(size=600)
    ids = pd.Index([f"P{number}" for number in range(600)], name="patient_id")
    return pd.DataFrame({"signal": cohort.margin, "noise": noise}, index=ids), cohort.endpoint


def test_every_patient_gets_a_risk_from_a_model_that_never_saw_them(
    patients: tuple[pd.DataFrame, Endpoint],
) -> None:
    X, endpoint = patients
    held_out = cross_validate({"signal": SignalModel}, X, endpoint, (4, 8), folds=5, seed=1)
    assert np.isfinite(held_out.risks["signal"]).all()
    assert held_out.risks["signal"].shape == (600, 2)
    assert held_out.margins["signal"] == pytest.approx(0.9 * X["signal"].to_numpy())
    assert np.bincount(held_out.fold).tolist() == [120] * 5


def test_all_models_share_the_folds(patients: tuple[pd.DataFrame, Endpoint]) -> None:
    X, endpoint = patients
    seen: dict[str, list[frozenset[str]]] = {"one": [], "two": []}

    class Recorder(SignalModel):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def fit(self, X: pd.DataFrame, endpoint: Endpoint) -> Recorder:
            seen[self.name].append(frozenset(X.index))
            return super().fit(X, endpoint)

    builders = {"one": lambda: Recorder("one"), "two": lambda: Recorder("two")}
    cross_validate(builders, X, endpoint, (5,), folds=3, seed=1)
    assert seen["one"] == seen["two"]
    assert len(set(seen["one"])) == 3


def test_a_derived_model_is_made_from_the_one_fitted_in_the_fold(
    patients: tuple[pd.DataFrame, Endpoint],
) -> None:
    X, endpoint = patients

    def halve(model: SignalModel) -> SignalModel:
        other = SignalModel(strength=0.45)
        other.endpoint_, other.patients_ = model.endpoint_, model.patients_
        return other

    derived = {"half": ("signal", halve)}
    held_out = cross_validate({"signal": SignalModel}, X, endpoint, (5,), 3, derived=derived)
    assert held_out.margins["half"] == pytest.approx(held_out.margins["signal"] / 2)


def test_folds_do_not_depend_on_the_order_of_the_patients(
    patients: tuple[pd.DataFrame, Endpoint],
) -> None:
    X, endpoint = patients
    order = np.random.default_rng(5).permutation(600)
    straight = cross_validate({"m": SignalModel}, X, endpoint, (5,), 4, seed=2)
    shuffled = cross_validate({"m": SignalModel}, X.iloc[order], endpoint.take(order), (5,), 4, 2)
    assert shuffled.fold.tolist() == straight.fold[order].tolist()
    assert shuffled.risks["m"] == pytest.approx(straight.risks["m"][order])


def test_patients_whom_no_fold_holds_out_have_no_risk(
    patients: tuple[pd.DataFrame, Endpoint],
) -> None:
    X, endpoint = patients
    one_split = [(np.arange(400), np.arange(400, 600))]
    held_out = cross_validate({"m": SignalModel}, X, endpoint, (5,), one_split)
    assert np.isnan(held_out.risks["m"][:400]).all()
    assert (held_out.fold[:400] == -1).all()


def test_a_patient_held_out_twice_is_refused(patients: tuple[pd.DataFrame, Endpoint]) -> None:
    X, endpoint = patients
    repeated = cross_validation_folds(endpoint, 3, seed=1, n_repeats=2)
    with pytest.raises(ValueError, match="held out once"):
        cross_validate({"m": SignalModel}, X, endpoint, (5,), repeated)
    overlapping = [(np.arange(500), np.arange(400, 600))]
    with pytest.raises(ValueError, match="never where it is fitted on"):
        cross_validate({"m": SignalModel}, X, endpoint, (5,), overlapping)


def test_a_model_without_margins_is_welcome(patients: tuple[pd.DataFrame, Endpoint]) -> None:
    X, endpoint = patients
    held_out = cross_validate({"average": AverageModel}, X, endpoint, (5,), 3)
    assert np.isnan(held_out.margins["average"]).all()


def test_each_fold_is_measured_by_itself(patients: tuple[pd.DataFrame, Endpoint]) -> None:
    X, endpoint = patients
    done: list[int] = []
    held_out = cross_validate({"m": SignalModel}, X, endpoint, (5, 60), 3, report=done.append)
    table = measure_folds(held_out, endpoint, (5, 60))
    first = held_out.fold == 0
    expected = harrell_c(FollowUp.of(endpoint.take(first)), held_out.risks["m"][first, 0], 5)
    row = table[(table["fold"] == 1) & (table["horizon"] == 5)].iloc[0]
    assert row["c_index"] == expected
    assert row["n"] == "200"
    ratio = observed_over_expected(
        FollowUp.of(endpoint.take(first)), held_out.risks["m"][first, 0], 5
    )
    assert row["observed_over_expected"] == ratio
    assert table.loc[table["horizon"] == 60, "c_index"].isna().any()
    assert done == [0, 1, 2]


@pytest.mark.parametrize("n_processes", [1, 2])
def test_folds_fitted_side_by_side_give_the_very_same_risks(
    patients: tuple[pd.DataFrame, Endpoint], n_processes: int
) -> None:
    X, endpoint = patients
    alone = cross_validate({"m": SignalModel}, X, endpoint, [5.0], 2)
    with side_by_side(n_processes) as pool:
        together = cross_validate({"m": SignalModel}, X, endpoint, [5.0], 2, pool=pool)
    assert (alone.risks["m"] == together.risks["m"]).all()
    assert (alone.fold == together.fold).all()


def test_the_first_model_of_every_fold_is_asked_about_the_same_patients(
    patients: tuple[pd.DataFrame, Endpoint],
) -> None:
    X, endpoint = patients
    shown = np.array([3, 5, 599])

    class Forgetful(SignalModel):
        def fit(self, X: pd.DataFrame, endpoint: Endpoint) -> Forgetful:
            super().fit(X, endpoint)
            self.patients_ = frozenset()
            return self

    models = {"signal": Forgetful, "average": AverageModel}
    held_out = cross_validate(models, X, endpoint, (4, 8), 5, shown=shown)
    assert held_out.refits.shape == (5, 3, 2)
    for number, fold in enumerate(held_out.fold[shown]):
        # where a patient was held out it is the risk that was kept
        own = held_out.refits[fold, number]
        assert own.tolist() == held_out.risks["signal"][shown[number]].tolist()
    assert np.ptp(held_out.refits, axis=0).min() > 0.0
    assert cross_validate(models, X, endpoint, (4, 8), 5).refits.shape == (5, 0, 2)
