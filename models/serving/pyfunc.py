"""Logs a model folder as an MLflow model: code by name, artifacts native, signature by hand."""

from __future__ import annotations

import logging
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Variable
from models.serving.vendor import SCORER_MODULES, find_data_files, vendor_package
from models.storage.installed_version import version_of
from models.storage.model_folder import DICTIONARY, UNCERTAINTY, About, read_about

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

# What the scorer imports, MLflow itself, and scipy, which xgboost needs.
REQUIREMENTS = ("mlflow", "numpy", "pandas", "pyyaml", "scipy", "xgboost")

# What goes together: a value for every variable would contradict itself somewhere.
_MEASURED = {
    "age": 61.0,
    "cac_agatston": 240.0,
    "total_cholesterol": 205.0,
    "ldl_cholesterol": 128.0,
    "hdl_cholesterol": 48.0,
    "systolic_bp": 138.0,
    "diastolic_bp": 82.0,
    "height": 172.0,
    "weight": 80.0,
    "creatinine": 0.9,
}

_SCRIPT = '''"""Loads one calcirisk model under the name of its own package."""

from mlflow.models import set_model

from {package}.{module} import {name}

set_model({name}())
'''


def log_model(model_folder: Path | str, metadata: Mapping[str, str] | None = None) -> str:
    """Log the folder of a risk model to the active MLflow run; returns the model's URI.

    Raises ForbiddenImportError where the scoring path has grown an import that cannot be served.
    """
    folder = Path(model_folder)
    signature = make_signature(read_about(folder), (folder / UNCERTAINTY).is_dir())
    return log_folder(folder, "ServedModel", SCORER_MODULES, signature, metadata)


def log_folder(
    folder: Path,
    served: str,
    modules: tuple[str, str],
    signature: ModelSignature,
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Log a model's folder; ``modules``: what reads it, and what holds the class ``served``."""
    import mlflow

    about, dictionary = read_about(folder), Dictionary.load(folder / DICTIONARY)
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings(), quiet_mlflow():
        warnings.simplefilter("ignore")
        package = vendor_package(Path(scratch), find_data_files(modules=modules), modules=modules)
        script = Path(scratch) / "calcirisk_model.py"
        script.write_text(_SCRIPT.format(package=package.name, module=modules[1], name=served))
        with importable(package):
            logged = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(script),
                artifacts={"model": str(folder)},
                code_paths=[str(package)],
                signature=signature,
                input_example=make_input_example(dictionary),
                pip_requirements=pin_requirements(),
                metadata={
                    "digest": about.digest,
                    "package": package.name,
                    "inputs": describe_inputs(dictionary),
                    **(metadata or {}),
                },
            )
    return str(logged.model_uri)


def make_signature(about: About, with_intervals: bool) -> ModelSignature:
    """What comes out and which params there are; of the inputs nothing is said.

    Inputs that MLflow knows of it checks before the model does, and refuses with the patients'
    values in its message (docs/decisions/0022). `describe_inputs` goes into the metadata instead.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    ends = ("", "_low", "_high") if with_intervals else ("",)
    risks = [ColSpec(DataType.double, f"risk_{h:g}y{end}") for h in about.horizons for end in ends]
    flags = [
        ColSpec(DataType.long, "missing_inputs"),
        ColSpec(DataType.string, "outside_training"),
    ]
    params = [
        ParamSpec("horizons", DataType.double, list(about.horizons), shape=(-1,)),
        ParamSpec("n_reasons", DataType.long, 0),
    ]
    return ModelSignature(outputs=Schema([*risks, *flags]), params=ParamSchema(params))


def describe_inputs(dictionary: Dictionary) -> dict[str, str]:
    """What each column may hold, by its name: "18 to 120 years", "0 or 1", "female or male"."""
    return {name: _describe(variable) for name, variable in dictionary.items()}


def make_input_example(dictionary: Dictionary) -> pd.DataFrame:
    """One invented patient: some measurements that go together, no history of anything."""
    return pd.DataFrame({name: [_invent(variable)] for name, variable in dictionary.items()})


def pin_requirements() -> list[str]:
    """The running versions of what a served model needs; all exist for Python 3.11 to 3.13."""
    return [f"{name}=={version_of(name)}" for name in REQUIREMENTS]


def _describe(variable: Variable) -> str:
    if variable.kind == "category":
        return " or ".join(variable.codes)
    if variable.kind == "boolean":
        return "0 or 1"
    return f"{variable.low:g} to {variable.high:g} {variable.unit or ''}".rstrip()


def _invent(variable: Variable) -> float | str:
    if variable.recorded_only:
        return float("nan")
    if variable.kind == "category":
        return variable.codes[0]
    if variable.kind == "boolean":
        return 0.0
    return _MEASURED.get(variable.name, float("nan"))


@contextmanager
def importable(package: Path) -> Iterator[None]:
    """The package can be imported inside the block; afterwards no trace of it is left."""
    sys.path.insert(0, str(package.parent))
    try:
        yield
    finally:
        sys.path.remove(str(package.parent))
        for name in [n for n in sys.modules if n.split(".")[0] == package.name]:
            del sys.modules[name]


@contextmanager
def quiet_mlflow() -> Iterator[Any]:
    """MLflow says nothing below an error inside the block."""
    logger = logging.getLogger("mlflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield logger
    finally:
        logger.setLevel(level)
