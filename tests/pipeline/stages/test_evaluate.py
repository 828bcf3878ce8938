from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.evaluation.cross_validation import cross_validate, measure_folds
from models.evaluation.incidence import incidence_by_group
from models.evaluation.performance import evaluate_predictions
from pipeline.evaluation.evaluation import MODEL, Evaluation
from pipeline.evaluation.evaluation_output import Extras, collect_metrics, judge, write_evaluation
from pipeline.settings.params import Params, Paths
from pipeline.stages.evaluate import measure_against_truth
from tests.models.evaluation.toy_models import AverageModel, SignalModel
from tests.models.metrics.simulated import Simulated, simulate

HORIZONS = (5.0, 10.0)


@pytest.fixture(scope="module")
def cohort() -> Simulated:
    return simulate(300, seed=81)


@pytest.fixture(scope="module")
def evaluation(cohort: Simulated) -> Evaluation:
    ids = pd.Index([f"P{number}" for number in range(300)], name="patient_id")
    X = pd.DataFrame({"signal": cohort.margin}, index=ids)
    models = {MODEL: SignalModel, "ridge_cox": AverageModel}
    held_out = cross_validate(models, X, cohort.endpoint, HORIZONS, 3)
    result = evaluate_predictions(cohort.endpoint, held_out.risks, HORIZONS, 1, 10, MODEL)
    return Evaluation(X, cohort.endpoint, HORIZONS, held_out.risks, result=result)


@pytest.fixture(scope="module")
def written(
    cohort: Simulated, evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("evaluate")
    incidence = incidence_by_group(cohort.endpoint, evaluation.risks[MODEL], HORIZONS)
    both = {"held_out": evaluation, "cross_validation": evaluation}
    tables = {"folds": make_folds(evaluation), "incidence": incidence, "oracle": pd.DataFrame()}
    said = write_evaluation(both, Extras(tables, {"folds": 3}), folder)
    assert said[0].startswith("In held-out patients: The model beats its linear part alone (")
    return folder


def make_folds(evaluation: Evaluation) -> pd.DataFrame:
    models = {MODEL: SignalModel, "ridge_cox": AverageModel}
    held_out = cross_validate(models, evaluation.X, evaluation.endpoint, HORIZONS, 3)
    return measure_folds(held_out, evaluation.endpoint, HORIZONS)


def test_held_out_figures_of_the_model_have_flat_names(
    written: Path, evaluation: Evaluation
) -> None:
    figures = json.loads((written / "metrics.json").read_text())
    assert figures["c_index_10y"] == evaluation.result.value(MODEL, "c_index", 10)
    assert figures["c_index_10y_lower"] < figures["c_index_10y"]
    assert figures["ridge_cox"]["c_index_10y"] == pytest.approx(0.5, abs=0.08)
    assert "c_index_fold_mean_10y" in figures["cross_validation"][MODEL]


def test_no_undefined_figure_reaches_the_metrics_file(written: Path) -> None:
    # everyone has nearly the same risk under the average model: its slope may be undefined
    text = (written / "metrics.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text


def test_tables_say_which_patients_they_speak_of(written: Path) -> None:
    tables = {path.name: pd.read_csv(path) for path in (written / "tables").glob("*.csv")}
    assert set(tables) == {
        "metrics.csv",
        "differences.csv",
        "calibration_groups.csv",
        "calibration_curves.csv",
        "folds.csv",
        "incidence.csv",
    }
    assert set(tables["metrics.csv"]["evaluation"]) == {"held_out", "cross_validation"}


def test_every_horizon_and_evaluation_has_its_plots(written: Path) -> None:
    names = {path.name for path in (written / "plots").iterdir()}
    assert names == {
        *(f"calibration_{e}_{h}y.svg" for e in ("held_out", "cross_validation") for h in (5, 10)),
        "discrimination_held_out.svg",
        "discrimination_cross_validation.svg",
        "incidence_held_out.svg",
    }


def test_what_an_earlier_run_left_is_gone(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "old.csv").touch()
    reasons = ("15 years is left out: too few",)
    said = write_evaluation({"held_out": evaluation}, Extras({}, {}, reasons), tmp_path)
    assert not (tmp_path / "tables" / "old.csv").exists()
    assert said[0] == "15 years is left out: too few"
    assert "15 years is left out" in (tmp_path / "tables" / "verdict.txt").read_text()


def test_calibration_is_judged_at_each_horizon_the_last_first(evaluation: Evaluation) -> None:
    said = [one for one in judge({"held_out": evaluation}, Extras({})) if "mean predicted" in one]
    assert len(said) == len(evaluation.horizons) == 2
    for sentence, years in zip(said, reversed(evaluation.horizons), strict=True):
        assert f"at {years:g} years the mean predicted risk" in sentence


def test_the_oracle_speaks_only_of_the_embedded_cohort(
    cohort: Simulated, evaluation: Evaluation, tmp_path: Path
) -> None:
    params, paths = Params.load(), Paths(tmp_path)
    done = {"held_out": evaluation}
    assert measure_against_truth(done, params, paths).empty
    paths.simulate.mkdir(parents=True)
    truth = pd.DataFrame({"true_risk_10y": cohort.risk(10)}, index=evaluation.X.index)
    truth.to_parquet(paths.simulate / "truth.parquet")
    table = measure_against_truth(done, params, paths)
    assert table["model"].tolist() == [MODEL, "ridge_cox"]
    gap = evaluation.risks[MODEL][:, 1] - cohort.risk(10)
    assert table["rmse"][0] == pytest.approx(np.sqrt(np.mean(gap**2)))
    figures = collect_metrics(done, Extras({"oracle": table}))
    assert figures["oracle"]["held_out"]["rmse_10y"] == table["rmse"][0]
    truth.rename(index=lambda name: f"other {name}").to_parquet(paths.simulate / "truth.parquet")
    assert measure_against_truth(done, params, paths).empty
