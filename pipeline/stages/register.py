"""Stage register: one MLflow run with all that the stages found, and the model in the registry."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import ModelError
from models.storage.model_folder import About, verify_model_folder
from pipeline.promotion.evidence import ENDPOINT_TAG, HELD_OUT_TAG
from pipeline.promotion.growth.registration import MODEL, SUFFIX, register_progression
from pipeline.promotion.lock import one_at_a_time
from pipeline.promotion.registered import register_once
from pipeline.promotion.variant_registration import register_variants
from pipeline.settings.code_version import describe_code
from pipeline.settings.params import Params, Paths
from pipeline.tracking import Tracking, Version, reporting_server


def run(params: Params, paths: Paths) -> None:
    """Register the trained models under the alias of params.yaml and write registration.json.

    A model that already bears the alias, same files, same code, same evaluation, is not
    registered again. A cohort without an endpoint has a progression model alone. An experiment of
    DVC is not registered unless params.yaml asks for it. Raises ModelError where there is no model.
    """
    alone = not paths.model.is_dir() and (paths.progression / MODEL).is_dir()
    about = verify_model_folder(paths.progression / MODEL if alone else paths.model)
    if is_experiment() and not params.register.experiments:
        write_registration({"digest": about.digest, "registered": False}, paths)
        return
    name, registration = params.register.model_name, dict[str, Any]()
    beside = [f"{name}-{variant}" for variant in paths.variants]
    with reporting_server():
        tracking = Tracking(paths.root)
        with one_at_a_time(tracking.uri):
            tracking.end_abandoned(params.register.experiment, name, name + SUFFIX, *beside)
            if not alone:
                registration = register_risk(tracking, params, paths, about)
                if variants := register_variants(tracking, params, paths):
                    registration["variants"] = variants
            progression = register_progression(tracking, params, paths)
    if progression is not None:
        registration["progression"] = progression
    elif alone:
        raise ModelError(f"{paths.progression / MODEL} is not measured: run calcirisk forecast")
    write_registration(registration, paths)


def register_risk(tracking: Tracking, params: Params, paths: Paths, about: About) -> dict[str, Any]:
    """What registration.json says of the risk model."""
    metrics, identity = read_metrics(paths.metrics), identify(about, paths)
    name, alias = params.register.model_name, params.register.alias
    version, described = register_once(
        tracking,
        name,
        alias,
        identity,
        lambda: log_run(tracking, params, paths, about, metrics, identity),
    )
    return {**described, "run_id": version.run_id}


def is_experiment() -> bool:
    """Whether `dvc exp run` started this process."""
    return "DVC_EXP_BASELINE_REV" in os.environ


def write_registration(registration: dict[str, Any], paths: Paths) -> None:
    """registration.json; without ``uri`` where nothing was registered."""
    paths.register.mkdir(parents=True, exist_ok=True)
    text = json.dumps(registration, indent=2) + "\n"
    (paths.register / "registration.json").write_text(text, encoding="utf-8")


def log_run(
    tracking: Tracking,
    params: Params,
    paths: Paths,
    about: About,
    metrics: dict[str, float],
    identity: dict[str, str],
) -> Version:
    """Log parameters, metrics, figures, tables and the model; register what was logged."""
    from models.serving.pyfunc import log_model

    name = params.register.model_name
    with tracking.start_run(
        params.register.experiment, f"{about.cohort}-{about.digest[:8]}"
    ) as run:
        held_out = describe_held_out(paths)
        tracking.log_tags(describe(about, paths.root, identity) | held_out)
        # a folder of one's own holds another cohort than params.yaml names
        tracking.log_params({**asdict(params), "cohort": about.cohort})
        for path, folder in list_files(paths):
            tracking.log_file(path, folder)
        uri = log_model(paths.model, {"cohort": about.cohort})
        tracking.log_dataset(about.cohort, about.data_sha256, "training", uri)
        judged = tracking.log_dataset(
            f"{about.cohort}, held out", held_out[HELD_OUT_TAG], "evaluation", uri
        )
        tracking.log_metrics({f"{about.cohort}.{k}": v for k, v in metrics.items()}, judged, uri)
    return tracking.register(name, uri, run, {**identity, "cohort": about.cohort})


def identify(about: About, paths: Paths) -> dict[str, str]:
    """What makes two registrations the same: the model, the code that serves it, its evaluation."""
    from models.serving.vendor import find_data_files, vendor_package

    with tempfile.TemporaryDirectory() as scratch:
        package = vendor_package(Path(scratch), find_data_files()).name
    judged = [path for path, _ in list_files(paths) if path.suffix in (".json", ".csv")]
    evaluation = hashlib.sha256(b"".join(path.read_bytes() for path in judged)).hexdigest()
    return {"digest": about.digest, "package": package, "evaluation": evaluation}


def describe(about: About, root: Path, identity: dict[str, str]) -> dict[str, str]:
    """The tags of the run: which data, which code, which model."""
    return {
        **identity,
        "cohort": about.cohort,
        "simulated": str(about.simulated).lower(),
        "data_sha256": about.data_sha256,
        "code_version": describe_code(root),
        "n_patients": str(about.n_patients),
        "n_events": str(about.n_events),
    }


def describe_held_out(paths: Paths) -> dict[str, str]:
    """Tags: whether another model held out the same patients, a hash of all; of which endpoint."""
    from features.cohort import Cohort
    from features.fingerprint import fingerprint_patients

    cohort = Cohort.read(paths.ingest)
    part = pd.read_parquet(paths.split)["part"].reindex(cohort.covariates.index)
    held_out = cohort.take(part.eq("held_out").to_numpy(dtype=bool))
    endpoint = str(cohort.about.get("endpoint", ""))
    return {HELD_OUT_TAG: fingerprint_patients(held_out), ENDPOINT_TAG: endpoint}


def read_metrics(path: Path) -> dict[str, float]:
    """The numbers of metrics.json under their dotted names."""
    from pipeline.tracking import flatten

    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: float(value)
        for name, value in flatten(stored).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def list_files(paths: Paths) -> Iterator[tuple[Path, str]]:
    """What goes into the run, by folder there: aggregates and figures of the population only.

    Cohort, features, split and scores stay here, and so does every figure of a single patient.
    """
    yield paths.metrics, "evaluate"
    for name in ("training.json", "leakage.json"):
        if (paths.train / name).is_file():
            yield paths.train / name, "train"
    for stage in ("evaluate", "explain"):
        for kind in ("tables", "plots"):
            for path in sorted((paths.stage(stage) / kind).glob("*.*")):
                yield path, f"{stage}/{kind}"
    for path in sorted(paths.report.glob("*.*")):
        yield path, "report"
