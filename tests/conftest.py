"""What every test may use: one MLflow store and one small model per process; both take seconds."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

# before numpy is loaded: two processes on two cores leave no core to threads of BLAS or XGBoost
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:  # else the process that only hands out the tests would load what trains
    from tests.growing import Trained

# Raised inside third-party code that we cannot mend; every other warning is an error.
_FOREIGN_WARNINGS = (
    # MLflow's own tables use a loader strategy that SQLAlchemy 2.1 deprecates.
    "ignore:The ``noload`` loader strategy:DeprecationWarning",
    # Ours hands tables to Spark through Arrow; what goes through pandas is tested here.
    "ignore:PySpark does not yet fully support pandas:FutureWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The module whose one run of all stages is dearest comes first.

    Workers steal tests from the end of each other's queues, and would run all stages once more.
    """
    items.sort(key=lambda item: item.path.name != "test_whole_path.py")


def pytest_configure(config: pytest.Config) -> None:
    for line in _FOREIGN_WARNINGS:
        config.addinivalue_line("filterwarnings", line)


@pytest.fixture(scope="session")
def tracking_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder holding the MLflow database and artifacts that MLFLOW_TRACKING_URI points to."""
    root = tmp_path_factory.mktemp("tracking")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'mlflow.db'}")
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        yield root


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """Spark with two workers; one Java machine per process, for its start takes seconds."""
    pytest.importorskip("pyspark", reason="no Spark here: make spark")
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        pytest.skip("no Java here: Spark needs 17 or later")
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master("local[2]").appName("calcirisk-tests")
    settings = {
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "4",
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def drawn_covariates() -> pd.DataFrame:
    """800 invented patients with the variables that matter most, some values missing."""
    rng = np.random.default_rng(7)
    n = 800
    frame = pd.DataFrame(
        {
            "age": rng.uniform(45, 80, n).round(),
            "sex": rng.choice(["female", "male"], n),
            "diabetes": (rng.random(n) < 0.15).astype(float),
            "cac_agatston": np.where(rng.random(n) < 0.45, 0.0, rng.lognormal(4, 1.5, n).round()),
            "ldl_cholesterol": rng.normal(125, 30, n).clip(40, 250).round(1),
            "systolic_bp": rng.normal(130, 18, n).round(),
        },
        index=pd.Index([f"p{i:04d}" for i in range(n)], name="patient_id", dtype="str"),
    )
    return frame.mask(rng.random(frame.shape) < 0.05)


@pytest.fixture(scope="session")
def trained() -> Trained:
    """A progression model of 1,500 simulated patients, and what it was trained on."""
    from tests.growing import train

    return train()


@pytest.fixture(scope="session")
def progression_folder(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the model `trained`, for 2.5, 5 and 10 years; do not change it."""
    from models.saving.progression_writer import write_progression_folder
    from models.storage.model_folder import About

    folder = tmp_path_factory.mktemp("growing") / "model"
    n_patients = trained.scans.n_patients
    horizons = (2.5, 5.0, 10.0)
    about = About(
        "calcirisk-progression", "drawn", True, horizons, n_patients, 90, 0, "ab" * 32, "0"
    )
    covariates, patients = trained.cohort.covariates, trained.patients
    write_progression_folder(folder, trained.model.explainer_, covariates, patients, about)
    return folder


@pytest.fixture(scope="session")
def model_folder(drawn_covariates: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model for 5 and 10 years, trained on `drawn_covariates`; do not change it."""
    from features.derivation.catalogue import derive_features
    from features.endpoint import Endpoint
    from models.explanation.explainer import Explainer
    from models.risk.risk_model import RiskModel
    from models.saving.model_writer import write_model_folder
    from models.storage.model_folder import About
    from models.uncertainty.fitting import fit_uncertainty

    rng = np.random.default_rng(11)
    features = derive_features(drawn_covariates)
    burden = np.log1p(drawn_covariates["cac_agatston"].fillna(50).to_numpy())
    time = rng.exponential(40 * np.exp(-0.35 * burden)) + 0.01
    other = rng.exponential(80, len(time))
    event = np.where(time < other, 1, 2)
    time = np.minimum(time, other)
    endpoint = Endpoint(np.minimum(time, 12), np.where(time > 12, 0, event).astype(np.int8))
    model = RiskModel(n_folds=2, max_rounds=20, minimum_events=20, seed=3).fit(features, endpoint)
    about = About(
        "calcirisk",
        "drawn",
        True,
        (5.0, 10.0),
        len(features),
        endpoint.n_events,
        endpoint.n_competing,
        "ab" * 32,
        "0.0.0",
    )
    explainer = Explainer.fit(model.predictor_, features, (5.0, 10.0), n_strata=4)
    folder = tmp_path_factory.mktemp("trained") / "model"
    interval = fit_uncertainty(model)
    write_model_folder(
        folder, model.predictor_, explainer, drawn_covariates, features, about, interval
    )
    return folder
