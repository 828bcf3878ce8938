"""The small model as MLflow keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.serving.pyfunc import log_model
from pipeline.locating import load_model_folder
from pipeline.tracking import Tracking


@pytest.fixture(scope="session")
def logged_model(tracking_root: Path, model_folder: Path) -> str:
    """The URI of the model as MLflow keeps it."""
    tracking = Tracking(tracking_root)
    with tracking.start_run("serving-test", "logged"):
        return log_model(model_folder)


@pytest.fixture(scope="session")
def served_folder(logged_model: str, tracking_root: Path) -> Path:
    """The MLflow model's own folder: MLmodel, code, artifacts."""
    return load_model_folder(logged_model, tracking_root).parent.parent
