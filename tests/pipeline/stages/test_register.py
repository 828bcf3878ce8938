from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.cohort import Cohort
from features.derivation.catalogue import derive_features
from features.endpoint import Endpoint
from features.errors import ModelError
from features.fingerprint import fingerprint_patients
from models.scorer import Scorer
from models.storage.model_folder import read_about, seal_model_folder
from pipeline.locating import load_model_folder
from pipeline.scoring.job import score_stream
from pipeline.scoring.request import ScoreRequest
from pipeline.settings.params import Params, Paths
from pipeline.stages import register, score
from pipeline.tracking import Tracking

REPOSITORY = Path(__file__).resolve().parents[3]
PLANTED_ID = "PLANTED-PATIENT-4711"
PLANTED_LDL = 187.654321


@pytest.fixture
def params(request: pytest.FixtureRequest) -> Params:
    """The project's parameters, registering under a name of this test alone."""
    params = Params.load(REPOSITORY / "params.yaml")
    name = "calcirisk-" + request.node.name[:40].replace("[", "-").replace("]", "")
    return replace(params, register=replace(params.register, model_name=name))


@pytest.fixture
def paths(
    tmp_path: Path, tracking_root: Path, model_folder: Path, drawn_covariates: pd.DataFrame
) -> Paths:
    """The outputs of a run, with a patient who must never be seen in MLflow."""
    paths = Paths(tmp_path)
    shutil.copytree(model_folder, paths.model)
    covariates = drawn_covariates.copy()
    covariates.index = covariates.index[:-1].append(pd.Index([PLANTED_ID], name="patient_id"))
    covariates.loc[PLANTED_ID, "ldl_cholesterol"] = PLANTED_LDL
    n = len(covariates)
    endpoint = Endpoint(np.linspace(1, 12, n), (np.arange(n) % 2).astype(np.int8))
    told = {"endpoint": "Coronary death"}
    Cohort("drawn", covariates, endpoint, about=told).write(paths.ingest)
    paths.featurize.mkdir(parents=True)
    derive_features(covariates).to_parquet(paths.features)
    pd.DataFrame({"part": "held_out"}, index=covariates.index).to_parquet(paths.split)
    (paths.train / "training.json").write_text("{}")
    write_metrics(paths, 0.75)
    for stage in (paths.evaluate, paths.explain):
        for name in ("tables/table.csv", "plots/plot.svg"):
            (stage / name).parent.mkdir(parents=True)
            (stage / name).write_text("aggregate")
    (paths.explain / "local").mkdir()
    (paths.explain / "local" / "population.csv").write_text(f"{PLANTED_ID},{PLANTED_LDL}")
    return paths


def write_metrics(paths: Paths, c_index: float) -> None:
    paths.evaluate.mkdir(exist_ok=True)
    metrics = {
        f"{name}_{h}y": value
        for h in (5, 10)
        for name, value in (("c_index", c_index), ("observed_over_expected", 1.02))
    }
    paths.metrics.write_text(json.dumps(metrics))


def registration(params: Params, paths: Paths) -> dict[str, Any]:
    register.run(params, paths)
    stored: dict[str, Any] = json.loads((paths.register / "registration.json").read_text())
    return stored


def test_the_patients_are_inputs_of_the_run_by_hash_and_metrics_name_them(
    params: Params, paths: Paths
) -> None:
    from mlflow import MlflowClient

    done = registration(params, paths)
    client = MlflowClient()
    run = client.get_run(done["run_id"])
    inputs = {
        {tag.key: tag.value for tag in one.tags}["mlflow.data.context"]: one.dataset
        for one in run.inputs.dataset_inputs
    }
    assert set(inputs) == {"training", "evaluation"}
    held_out = run.data.tags["held_out_sha256"]
    assert inputs["evaluation"].digest == held_out[:36]
    assert run.data.tags["endpoint"] == "Coronary death"
    (model,) = run.inputs.model_inputs or run.outputs.model_outputs
    metrics = client.get_logged_model(model.model_id).metrics
    assert {one.dataset_name for one in metrics} == {inputs["evaluation"].name}


def test_an_experiment_of_dvc_registers_nothing_unless_asked(
    params: Params, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "0" * 40)
    assert registration(params, paths)["registered"] is False
    name, alias = params.register.model_name, params.register.alias
    assert Tracking(paths.root).find_version(name, alias) is None
    asked = replace(params, register=replace(params.register, experiments=True))
    assert registration(asked, paths)["version"] == 1


def test_no_patient_reaches_mlflow(params: Params, paths: Paths, tracking_root: Path) -> None:
    score.run(params, paths)
    assert PLANTED_ID in (paths.score / "risks.csv").read_text()
    registration(params, paths)
    traces = [text.encode() for text in (PLANTED_ID, str(PLANTED_LDL))]
    searched = [path for path in tracking_root.rglob("*") if path.is_file()]
    assert len(searched) > 10
    for path in searched:
        content = path.read_bytes()
        assert not any(trace in content for trace in traces), path


def test_the_run_holds_parameters_figures_tables_and_where_all_came_from(
    params: Params, paths: Paths, tracking_root: Path
) -> None:
    import mlflow

    done = registration(params, paths)
    run = mlflow.MlflowClient().get_run(done["run_id"])
    assert run.data.params["train.n_folds"] == str(params.train.n_folds)
    assert run.data.params["cohort"] == "drawn"
    assert run.data.metrics["drawn.c_index_10y"] == 0.75
    assert run.data.tags["data_sha256"] == "ab" * 32
    assert run.data.tags["digest"] == done["digest"]
    assert run.data.tags["code_version"]
    for folder in ("evaluate", "explain"):
        kept = mlflow.artifacts.list_artifacts(run_id=done["run_id"], artifact_path=folder)
        names = {Path(one.path).name for one in kept}
        assert names - {"metrics.json"} == {"plots", "tables"}


def test_a_registered_model_is_found_by_alias_version_and_run(
    params: Params, paths: Paths, tracking_root: Path
) -> None:
    done = registration(params, paths)
    name = params.register.model_name
    uris = [done["uri"], f"models:/{name}/{done['version']}", f"runs:/{done['run_id']}/model"]
    assert done["uri"] == f"models:/{name}@challenger"
    for uri in uris:
        folder = load_model_folder(uri, tracking_root)
        assert Scorer.load(folder).about == read_about(paths.model)
    with pytest.raises(ModelError, match=rf"{name} \(challenger\)"):
        load_model_folder(f"models:/{name}@champion", tracking_root)


def test_the_command_line_scores_by_alias_and_names_the_version(
    params: Params, paths: Paths, drawn_covariates: pd.DataFrame, tmp_path: Path
) -> None:
    done = registration(params, paths)
    drawn_covariates.head(3).to_csv(tmp_path / "new.csv")
    score_stream(ScoreRequest(tmp_path / "new.csv", done["uri"], tmp_path / "risks.csv"), paths)
    written = pd.read_csv(tmp_path / "risks.csv")
    assert set(written["version"]) == {done["version"]}
    expected = Scorer.load(paths.model).score(drawn_covariates.head(3))
    assert written["risk_10y"].tolist() == expected["risk_10y"].tolist()


def test_the_same_model_is_not_registered_twice(params: Params, paths: Paths) -> None:
    first = registration(params, paths)
    again = registration(params, paths)
    assert not first["reused"]
    assert again == {**first, "reused": True}


@pytest.mark.slow
def test_a_new_evaluation_of_the_same_model_is_a_new_version(params: Params, paths: Paths) -> None:
    first = registration(params, paths)
    write_metrics(paths, 0.76)
    second = registration(params, paths)
    assert (second["version"], second["digest"]) == (first["version"] + 1, first["digest"])


@pytest.mark.slow
def test_the_run_tells_whether_another_held_out_the_same_patients(
    params: Params, paths: Paths
) -> None:
    tracking = Tracking(paths.root)
    done = registration(params, paths)
    tag = tracking.read_run_tags(done["run_id"])["held_out_sha256"]
    assert tag == fingerprint_patients(Cohort.read(paths.ingest))


def test_a_damaged_model_is_not_registered(params: Params, paths: Paths) -> None:
    (paths.model / "ranges.json").write_text("{}")
    with pytest.raises(ModelError, match="damaged"):
        register.run(params, paths)
    seal_model_folder(paths.model, read_about(paths.model))
