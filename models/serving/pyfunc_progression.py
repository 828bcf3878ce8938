"""Logs a progression model as an MLflow model: code by name, artifacts native."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from models.progression.forecaster import THRESHOLDS
from models.progression.predictor import QUANTILES
from models.serving.pyfunc import log_folder
from models.serving.vendor import FORECASTER_MODULES
from models.storage.model_folder import About, read_about

if TYPE_CHECKING:
    from mlflow.models import ModelSignature


def log_progression(model_folder: Path, metadata: Mapping[str, str]) -> str:
    """Log the folder of a progression model to the active MLflow run; returns the model's URI."""
    signature = make_progression_signature(read_about(model_folder))
    return log_folder(model_folder, "ServedProgression", FORECASTER_MODULES, signature, metadata)


def make_progression_signature(about: About) -> ModelSignature:
    """What comes out and which params there are; of the inputs nothing is said (0022)."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    columns = []
    for after in about.horizons:
        names = [f"cac_{after:g}y", *(f"cac_{after:g}y_q{round(100 * q):02d}" for q in QUANTILES)]
        names += [f"above_{threshold:g}_{after:g}y" for threshold in (0.0, *THRESHOLDS)]
        columns += [ColSpec(DataType.double, name) for name in names]
    params = [
        ParamSpec("years", DataType.double, list(about.horizons), shape=(-1,)),
        ParamSpec("thresholds", DataType.double, list(THRESHOLDS), shape=(-1,)),
    ]
    return ModelSignature(outputs=Schema(columns), params=ParamSchema(params))
