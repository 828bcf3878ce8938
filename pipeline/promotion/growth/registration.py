"""Registers the progression model, a registered model of its own, beside the risk model."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from models.progression.performance import CARRIED
from models.progression.performance import MODEL as OWN
from models.storage.model_folder import verify_model_folder
from pipeline.promotion.evidence import HELD_OUT_TAG
from pipeline.promotion.registered import Described, register_once
from pipeline.settings.params import Params, Paths
from pipeline.tracking import Tracking, Version, flatten

SUFFIX, MODEL = "-progression", "model"


def register_progression(tracking: Tracking, params: Params, paths: Paths) -> Described | None:
    """What registration.json says of the progression model; None where there is none.

    It takes the alias only if it was evaluated and, on the held-out scans, was better than a score
    carried forward: the least that a model of growth must do.
    """
    folder, judged = paths.progression / MODEL, paths.forecast / "metrics.json"
    if not folder.is_dir() or not judged.is_file():
        return None
    metrics: dict[str, Any] = json.loads(judged.read_text(encoding="utf-8"))
    if "crps" not in metrics:
        return None
    about = verify_model_folder(folder)
    name, alias = params.register.model_name + SUFFIX, params.register.alias
    tables = sorted((paths.forecast / "tables").glob("*.csv"))
    read = b"".join(path.read_bytes() for path in (judged, *tables))
    evaluation = hashlib.sha256(read).hexdigest()
    identity = {"digest": about.digest, "evaluation": evaluation}
    _, described = register_once(
        tracking,
        name,
        alias,
        identity,
        lambda: _log(tracking, params, paths, metrics, identity),
        deserved=metrics["crps"][OWN] < metrics["crps"][CARRIED],
    )
    return described


def _log(
    tracking: Tracking,
    params: Params,
    paths: Paths,
    metrics: dict[str, Any],
    identity: dict[str, str],
) -> Version:
    from models.serving.pyfunc_progression import log_progression

    folder = paths.progression / MODEL
    about = verify_model_folder(folder)
    run_name = f"{about.cohort}-progression-{about.digest[:8]}"
    with tracking.start_run(params.register.experiment, run_name) as run:
        held_out = hash_held_out(params, paths)
        tracking.log_tags({**identity, "cohort": about.cohort, "kind": "progression",
                           "simulated": str(about.simulated).lower(),
                           "data_sha256": about.data_sha256, HELD_OUT_TAG: held_out})  # fmt: skip
        numbers = {
            "".join(c if c.isalnum() or c in "._- /" else "_" for c in key): float(value)
            for key, value in flatten(metrics).items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        tracking.log_metrics({f"{about.cohort}.progression.{k}": v for k, v in numbers.items()})
        tracking.log_file(paths.progression / "training.json", "progression")
        for kind in ("tables", "plots"):
            for path in sorted((paths.forecast / kind).glob("*.*")):
                tracking.log_file(path, f"forecast/{kind}")
        uri = log_progression(folder, {"cohort": about.cohort})
        tracking.log_dataset(about.cohort, about.data_sha256, "training", uri)
        tracking.log_dataset(f"{about.cohort}, held-out scans", held_out, "evaluation", uri)
    return tracking.register(
        params.register.model_name + SUFFIX, uri, run, {**identity, "cohort": about.cohort}
    )


def hash_held_out(params: Params, paths: Paths) -> str:
    """A hash of all held-out scans, which tells whether another model held out the same."""
    from features.cohort import Cohort
    from features.fingerprint import fingerprint_scans
    from pipeline.training.growth_split import HELD_OUT, part_of

    cohort = Cohort.read(paths.ingest)
    held_out = part_of(cohort, params, paths).eq(HELD_OUT).to_numpy(dtype=bool)
    return fingerprint_scans(cohort.take(held_out))
