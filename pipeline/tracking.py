"""The MLflow tracking server and registry: only `locating` knows MLflow beside this module."""

from __future__ import annotations

import logging
import os
import socket
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from features.errors import CalciriskError, ConfigError, ModelError

DATABASE = "mlflow.db"
_HOST = "calcirisk.host"
# Seconds that a server may take to answer, and how often it is asked again.
_PATIENCE, _ATTEMPTS = "20", "2"


@dataclass(frozen=True)
class Version:
    """One version of a registered model. ``digest`` is that of its model folder."""

    name: str
    number: int
    run_id: str
    digest: str
    tags: Mapping[str, str]


class Tracking:
    """A connection to the server that MLFLOW_TRACKING_URI names, else to sqlite in ``root``."""

    def __init__(self, root: Path) -> None:
        asked = os.environ.get("MLFLOW_TRACKING_URI")
        uri = asked or f"sqlite:///{root.resolve() / DATABASE}"
        mlflow = import_mlflow()
        mlflow.set_tracking_uri(uri)
        if not asked:
            # MLflow puts it there, when it is another one than before: the next connection,
            # elsewhere, would take it for a person's
            os.environ.pop("MLFLOW_TRACKING_URI", None)
        self.uri = uri
        self._client = mlflow.MlflowClient()

    @contextmanager
    def start_run(self, experiment: str, name: str) -> Iterator[str]:
        """A run that ends with the block; yields its id."""
        mlflow, number = import_mlflow(), self._find_experiment(experiment)
        tags = {_HOST: socket.gethostname()}
        with mlflow.start_run(experiment_id=number, run_name=name, tags=tags) as run:
            yield run.info.run_id

    def end_abandoned(self, experiment: str, *names: str) -> int:
        """End the runs that a process of this machine left when it was killed; how many there were.

        Their versions of the models ``names``, which nobody finished, are removed, and what they
        logged of a model counts as failed. To be called by
        the one process that may register here now.
        """
        found = self._client.get_experiment_by_name(experiment)
        if found is None:
            return 0
        mine = f"attributes.status = 'RUNNING' and tags.\"{_HOST}\" = '{socket.gethostname()}'"
        runs = self._client.search_runs([found.experiment_id], mine)
        for run in runs:
            for name in names:
                of_run = f"name = '{name}' and run_id = '{run.info.run_id}'"
                for version in self._client.search_model_versions(of_run):
                    self._client.delete_model_version(name, version.version)
            models = self._client.search_logged_models(
                [found.experiment_id], f"source_run_id = '{run.info.run_id}'"
            )
            for model in models:
                self._client.finalize_logged_model(model.model_id, "FAILED")
            self._client.set_terminated(run.info.run_id, "KILLED")
        return len(runs)

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log parameters of any depth under their dotted names."""
        import_mlflow().log_params({k: str(v)[:6000] for k, v in flatten(params).items()})

    def log_metrics(
        self, metrics: Mapping[str, float], dataset: Any = None, model_uri: str | None = None
    ) -> None:
        """Log finite numbers, of a logged model on a dataset where these are given."""
        finite = {k: float(v) for k, v in metrics.items() if abs(float(v)) < float("inf")}
        model_id = None if model_uri is None else model_uri.removeprefix("models:/")
        import_mlflow().log_metrics(finite, dataset=dataset, model_id=model_id)

    def log_dataset(self, name: str, digest: str, context: str, model_uri: str) -> Any:
        """Log patients as an input of the run and its model: their name and SHA-256, no more."""
        mlflow = import_mlflow()
        from mlflow.data.code_dataset_source import CodeDatasetSource
        from mlflow.data.meta_dataset import MetaDataset
        from mlflow.entities import LoggedModelInput

        dataset = MetaDataset(CodeDatasetSource({}), name=name, digest=digest[:36])
        model = LoggedModelInput(model_uri.removeprefix("models:/"))
        mlflow.log_input(dataset, context=context, tags={"sha256": digest}, model=model)
        return dataset

    def log_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags on the running run."""
        import_mlflow().set_tags(dict(tags))

    def log_file(self, path: Path, folder: str) -> None:
        """Log one file into a folder of the run's artifacts."""
        import_mlflow().log_artifact(str(path), folder)

    def register(self, name: str, model_uri: str, run_id: str, tags: Mapping[str, str]) -> Version:
        """Make the model logged as ``models:/m-...`` the next version of model ``name``."""
        mlflow = import_mlflow()
        try:
            self._client.create_registered_model(name)
        except mlflow.exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        made = self._client.create_model_version(
            name, model_uri, run_id, tags=dict(tags), model_id=model_uri.removeprefix("models:/")
        )
        return _to_version(made)

    def set_alias(self, version: Version, alias: str) -> None:
        """Let the alias stand for this version from now on."""
        self._client.set_registered_model_alias(version.name, alias, str(version.number))

    def tag_version(self, version: Version, tags: Mapping[str, str]) -> None:
        """Set tags on a registered version."""
        for key, value in tags.items():
            self._client.set_model_version_tag(version.name, str(version.number), key, value)

    def find_version(self, name: str, alias_or_number: str) -> Version | None:
        """The version with this alias or number, None where there is none."""
        mlflow = import_mlflow()
        try:
            if alias_or_number.isdigit():
                return _to_version(self._client.get_model_version(name, alias_or_number))
            return _to_version(self._client.get_model_version_by_alias(name, alias_or_number))
        except mlflow.exceptions.MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise

    def find_tagged(self, name: str, tags: Mapping[str, str]) -> Version | None:
        """The latest version with all of these tags, None where there is none."""
        found = map(_to_version, self._client.search_model_versions(f"name = '{name}'"))
        same = [one for one in found if all(one.tags.get(k) == v for k, v in tags.items())]
        return max(same, key=lambda one: one.number, default=None)

    def read_run_metrics(self, run_id: str) -> dict[str, float]:
        """The metrics that a run logged."""
        return dict(self._client.get_run(run_id).data.metrics)

    def read_run_tags(self, run_id: str) -> dict[str, str]:
        """The tags of a run."""
        return dict(self._client.get_run(run_id).data.tags)

    def read_run_file(self, run_id: str, file: str) -> str | None:
        """The text of one artifact of a run, None where it has none of that name."""
        folder = str(PurePosixPath(file).parent)
        if file not in {one.path for one in self._client.list_artifacts(run_id, folder)}:
            return None
        with tempfile.TemporaryDirectory() as scratch:
            path = self._client.download_artifacts(run_id, file, scratch)
            return Path(path).read_text(encoding="utf-8")

    def log_text(self, run_id: str, text: str, file: str) -> None:
        """Add a text file to the artifacts of a run, ended or not."""
        self._client.log_text(run_id, text, file)

    def describe_registry(self) -> str:
        """One line naming every registered model with its aliases and latest version."""
        models = self._client.search_registered_models()
        described = [
            f"{model.name} ({', '.join(sorted(model.aliases)) or 'no alias'})" for model in models
        ]
        return "Registered here: " + ("; ".join(described) or "nothing; see calcirisk register")

    def _find_experiment(self, name: str) -> str:
        mlflow = import_mlflow()
        found = self._client.get_experiment_by_name(name)
        if found is None:
            try:
                return str(self._client.create_experiment(name, self._artifact_location()))
            except mlflow.exceptions.MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
                found = self._client.get_experiment_by_name(name)
        if found.lifecycle_stage == "deleted":
            raise ConfigError(
                f"The MLflow experiment {name!r} was deleted. Restore it with "
                f"`mlflow experiments restore`, or change register.experiment in params.yaml"
            )
        return str(found.experiment_id)

    def _artifact_location(self) -> str | None:
        # MLflow's own default lies in whatever folder the process was started in.
        if not self.uri.startswith("sqlite:///"):
            return None
        return (Path(self.uri.removeprefix("sqlite:///")).resolve().parent / "mlruns").as_uri()


@contextmanager
def reporting_server() -> Iterator[None]:
    """Raises ModelError in place of what MLflow, its server or its database raise.

    What they say may repeat an address with its password, so that only their kind is repeated.
    """
    from sqlalchemy.exc import SQLAlchemyError

    mlflow = import_mlflow()
    try:
        yield
    except CalciriskError:
        raise
    except (mlflow.exceptions.MlflowException, SQLAlchemyError, OSError) as error:
        kind = getattr(error, "error_code", None) or type(error).__name__
        where = os.environ.get("MLFLOW_TRACKING_URI", "")
        place = "MLflow's server" if "://" in where and "sqlite" not in where else DATABASE
        raise ModelError(
            f"{place} did not do what it was asked ({kind}). Is it there, may it be written, is it "
            "whole, and does nothing else hold it? (MLFLOW_TRACKING_URI says where it is)"
        ) from None


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"a": {"b": 1}}`` as ``{"a.b": 1}``."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        flat.update(flatten(value, name) if isinstance(value, Mapping) else {name: value})
    return flat


def _to_version(made: Any) -> Version:
    tags = dict(made.tags)
    return Version(made.name, int(made.version), made.run_id, tags.get("digest", ""), tags)


def import_mlflow() -> Any:
    """MLflow, silent and with short time-outs. Raises ModelError where it is not installed."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", _PATIENCE)
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", _ATTEMPTS)
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import mlflow
        except ModuleNotFoundError as error:
            if error.name != "mlflow":
                raise
            raise ModelError(
                "MLflow is not installed here. Give the folder of a model, not a name in a registry"
            ) from None
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    return mlflow
