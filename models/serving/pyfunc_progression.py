"""Logs a progression model as an MLflow model: code by name, artifacts native."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from features.dictionary.dictionary import Dictionary
from models.progression.forecaster import THRESHOLDS
from models.progression.predictor import QUANTILES
from models.serving.pyfunc import (
    describe_inputs,
    importable,
    make_input_example,
    pin_requirements,
    quiet_mlflow,
)
from models.serving.vendor import FORECASTER_MODULES, find_data_files, vendor_package
from models.storage.model_folder import DICTIONARY, About, read_about

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

_SCRIPT = '''"""Loads one calcirisk progression model under the name of its own package."""

from mlflow.models import set_model

from {package}.models.serving.served_progression import ServedProgression

set_model(ServedProgression())
'''


def log_progression(model_folder: Path, metadata: Mapping[str, str]) -> str:
    """Log the folder of a progression model to the active MLflow run; returns the model's URI."""
    import mlflow

    about = read_about(model_folder)
    dictionary = Dictionary.load(model_folder / DICTIONARY)
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings(), quiet_mlflow():
        warnings.simplefilter("ignore")
        files = find_data_files(modules=FORECASTER_MODULES)
        package = vendor_package(Path(scratch), files, modules=FORECASTER_MODULES)
        script = Path(scratch) / "calcirisk_progression.py"
        script.write_text(_SCRIPT.format(package=package.name))
        with importable(package):
            logged = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(script),
                artifacts={"model": str(model_folder)},
                code_paths=[str(package)],
                signature=make_progression_signature(about),
                input_example=make_input_example(dictionary),
                pip_requirements=pin_requirements(),
                metadata={
                    "digest": about.digest,
                    "package": package.name,
                    "inputs": describe_inputs(dictionary),
                    **metadata,
                },
            )
    return str(logged.model_uri)


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
