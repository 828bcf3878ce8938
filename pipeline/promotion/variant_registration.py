"""Registers the variants of the model, each a registered model of its own, beside the main one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from models.storage.model_folder import verify_model_folder
from pipeline.promotion.registered import Described, register_once
from pipeline.settings.params import Params, Paths
from pipeline.tracking import Tracking, Version, flatten


def register_variants(tracking: Tracking, params: Params, paths: Paths) -> dict[str, Described]:
    """What registration.json says of each variant, by name.

    It takes the alias of params.yaml in its own registered model; the same files with the same
    figures are not registered again.
    """
    return {
        name: _register(name, folder, tracking, params, paths)
        for name, folder in paths.variants.items()
    }


def _register(
    name: str, folder: Path, tracking: Tracking, params: Params, paths: Paths
) -> Described:
    about = verify_model_folder(folder)
    registered, alias = f"{params.register.model_name}-{name}", params.register.alias
    evaluation = hashlib.sha256(paths.metrics.read_bytes()).hexdigest()
    identity = {"digest": about.digest, "evaluation": evaluation}
    _, described = register_once(
        tracking,
        registered,
        alias,
        identity,
        lambda: _log(name, folder, registered, identity, tracking, params, paths),
    )
    return described


def _log(
    name: str,
    folder: Path,
    registered: str,
    identity: dict[str, str],
    tracking: Tracking,
    params: Params,
    paths: Paths,
) -> Version:
    from models.serving.pyfunc import log_model

    about = verify_model_folder(folder)
    figures = json.loads(paths.metrics.read_text(encoding="utf-8")).get(name, {})
    run_name = f"{about.cohort}-{name}-{about.digest[:8]}"
    with tracking.start_run(params.register.experiment, run_name) as run:
        tracking.log_tags(
            {
                **identity,
                "cohort": about.cohort,
                "kind": "variant",
                "variant": name,
                "without": ", ".join(params.train.variants[name].without),
                "parts": ", ".join(params.train.variants[name].parts),
                "simulated": str(about.simulated).lower(),
            }
        )
        numbers = {key: float(value) for key, value in flatten(figures).items()}
        uri = log_model(folder, {"cohort": about.cohort})
        tracking.log_metrics({f"{about.cohort}.{key}": one for key, one in numbers.items()})
    return tracking.register(registered, uri, run, {**identity, "cohort": about.cohort})
