from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from features.errors import ModelError
from models.storage.model_folder import About, seal_model_folder
from pipeline.locating import load_model_folder, locate_model
from pipeline.tracking import Tracking, flatten

ABOUT = About("calcirisk", "synthetic", True, (5.0,), 900, 80, 40, "ab" * 32, "c0ffee")


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    seal_model_folder(folder, ABOUT)
    return folder


def test_flatten_joins_names_with_dots() -> None:
    assert flatten({"a": {"b": {"c": 1}}, "d": [2]}) == {"a.b.c": 1, "d": [2]}


def test_a_local_folder_is_taken_as_it_is(model_folder: Path, tmp_path: Path) -> None:
    assert load_model_folder(str(model_folder), tmp_path) == model_folder
    assert not (tmp_path / "mlflow.db").exists()


def test_a_folder_that_holds_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is not a calcirisk model"):
        load_model_folder(str(tmp_path), tmp_path)


@pytest.mark.parametrize("uri", ["models:/nothing@champion", "models:/nothing/7"])
def test_an_unknown_model_says_what_is_registered(tracking_root: Path, uri: str) -> None:
    with pytest.raises(ModelError, match="Registered here: "):
        load_model_folder(uri, tracking_root)


def test_an_unknown_run_is_an_error_a_person_can_read(tracking_root: Path) -> None:
    with pytest.raises(ModelError, match="cannot be fetched"):
        load_model_folder("runs:/00000000000000000000000000000000/model", tracking_root)


def test_a_run_keeps_params_and_finite_metrics_beside_the_database(tracking_root: Path) -> None:
    tracking = Tracking(tracking_root)
    with tracking.start_run("tracking-test", "first") as run_id:
        tracking.log_params({"train": {"n_folds": 5}})
        tracking.log_metrics({"c_index_10y.synthetic": 0.8, "none": float("nan")})
        tracking.log_file(Path(__file__), "code")
    assert tracking.read_run_metrics(run_id) == {"c_index_10y.synthetic": 0.8}
    assert list((tracking_root / "mlruns").rglob("test_tracking.py"))


def test_a_server_that_is_away_is_told_in_seconds_and_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    started = time.monotonic()
    with pytest.raises(ModelError, match="MLflow's server did not do what it was asked") as told:
        locate_model("models:/calcirisk@champion", tmp_path)
    assert "secret" not in str(told.value)
    assert time.monotonic() - started < 60


def test_a_database_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 1000)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    with pytest.raises(ModelError, match=r"mlflow\.db did not do what it was asked"):
        locate_model("models:/calcirisk@champion", tmp_path)


@pytest.mark.slow
def test_runs_that_a_killed_process_left_are_ended(tracking_root: Path) -> None:
    tracking = Tracking(tracking_root)
    killed = (
        "import os, sys\nfrom pathlib import Path\nfrom pipeline.tracking import Tracking\n"
        "with Tracking(Path(sys.argv[1])).start_run('left', 'r'):\n    os._exit(9)\n"
    )
    assert subprocess.call([sys.executable, "-c", killed, str(tracking_root)]) == 9
    assert tracking.end_abandoned("left", "calcirisk") == 1
    assert tracking.end_abandoned("left", "calcirisk") == 0
    assert tracking.end_abandoned("never made", "calcirisk") == 0


def test_each_connection_goes_where_it_is_told_whatever_went_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    monkeypatch.setattr("mlflow.MlflowClient", lambda: None)  # making a database takes seconds
    told = [tmp_path / "one", tmp_path / "two"]
    for root in [*told, told[1], told[0]]:
        uri = f"sqlite:///{root / 'mlflow.db'}"
        assert Tracking(root).uri == uri
        assert mlflow.get_tracking_uri() == mlflow.get_registry_uri() == uri
        assert "MLFLOW_TRACKING_URI" not in os.environ
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert Tracking(told[0]).uri == mlflow.get_registry_uri() == "http://127.0.0.1:9"
