"""The folder of a model that a person names: a folder, or what MLflow has under a name or a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from features.errors import ModelError
from pipeline.signing import require_demanded_signature
from pipeline.tracking import Tracking, import_mlflow, reporting_server

_NATIVE_MODEL = Path("artifacts") / "model"


@dataclass(frozen=True)
class LocatedModel:
    """A model folder, and the version it is registered under ("" where it is not)."""

    folder: Path
    version: str


def load_model_folder(uri: str, root: Path) -> Path:
    """The native model folder behind a URI; see `locate_model`."""
    return locate_model(uri, root).folder


def locate_model(uri: str, root: Path) -> LocatedModel:
    """The model behind ``models:/name@alias``, ``models:/name/3``, ``runs:/...`` or a folder.

    A local folder is taken as it is, without MLflow. Raises ModelError saying what there is.
    """
    if ":/" not in uri:
        return LocatedModel(_find_native_folder(Path(uri).expanduser(), uri), "")
    with reporting_server():
        return _fetch(uri, Tracking(root))


def _fetch(uri: str, tracking: Tracking) -> LocatedModel:
    version = ""
    if uri.startswith("models:/"):
        name, _, which = uri.removeprefix("models:/").replace("@", "/").partition("/")
        found = tracking.find_version(name, which) if which else None
        if which and found is None:
            raise ModelError(f"There is no model {uri}. {tracking.describe_registry()}")
        version = str(found.number) if found else ""
    mlflow = import_mlflow()
    try:
        folder = mlflow.artifacts.download_artifacts(uri)
    except (mlflow.exceptions.MlflowException, OSError) as error:
        raise ModelError(f"The model {uri} cannot be fetched: {error}") from error
    return LocatedModel(_find_native_folder(Path(folder), uri), version)


def _find_native_folder(folder: Path, uri: str) -> Path:
    for candidate in (folder, folder / _NATIVE_MODEL):
        if (candidate / "about.json").is_file():
            require_demanded_signature(candidate)
            return candidate
    raise ModelError(
        f"{uri} is not a calcirisk model: there is no about.json in it. Give the folder of a "
        "model, models:/NAME@ALIAS, models:/NAME/VERSION or runs:/RUN/model"
    )
