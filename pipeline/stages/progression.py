"""Stage progression: the model of later scores, fitted on the development patients."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from models.storage.installed_version import version_of
from pipeline.settings.params import Params, Paths
from pipeline.training.growth_split import DEVELOPMENT, part_of

if TYPE_CHECKING:
    from features.dictionary.dictionary import Dictionary
    from models.progression.training.progression_model import ProgressionModel

TRAINING = "training.json"


def run(params: Params, paths: Paths) -> None:
    """Write model/ and training.json; only training.json, which says why, where nothing is learnt.

    That the map names no later scans, or too few patients have one, is no fault of the cohort: the
    risk model does without.
    """
    from features.cohort import Cohort
    from features.errors import TooFewEventsError
    from models.progression.training.progression_model import LaterScans
    from models.saving.progression_writer import write_progression_folder
    from models.storage.model_folder import About

    paths.progression.mkdir(parents=True, exist_ok=True)
    cohort = Cohort.read(paths.ingest)
    if cohort.later_scans is None or cohort.later_scans.empty:
        write(paths.progression, {"skipped": "the cohort map names no later scans"})
        return
    part = part_of(cohort, params, paths)
    development = cohort.take(part.eq(DEVELOPMENT).to_numpy(bool))
    later = development.later_scans
    assert later is not None
    scans = LaterScans.of_table(later, development.covariates)
    X = pd.read_parquet(paths.features).loc[development.covariates.index]
    try:
        model = make_model(params, cohort.dictionary).fit(X, scans)
    except TooFewEventsError as error:
        write(paths.progression, {"skipped": str(error)})
        return
    longest = model.predictor_.longest
    source = json.loads((paths.source / "source.json").read_text(encoding="utf-8"))
    about = About(
        name="calcirisk-progression",
        cohort=cohort.name,
        simulated=source["simulated"],
        horizons=tuple(year for year in params.progression.years if year <= longest),
        n_patients=scans.n_patients,
        n_events=int(np.sum((scans.first[scans.patient] == 0) & (scans.score > 0))),
        n_competing=0,
        data_sha256=source["sha256"],
        code_version=version_of("calcirisk"),
    )
    followed = np.unique(scans.patient)
    patients = model.predictor_.patients(X, scans.first, scans.bmi).take(followed)
    write_progression_folder(
        paths.progression / "model",
        model.explainer_,
        development.covariates.iloc[followed],
        patients,
        about,
        cohort.dictionary,
        None if development.endpoint is None else development.endpoint.weight[followed],
    )
    left_out = [f"{year:g}" for year in params.progression.years if year > longest]
    warnings = [
        f"{', '.join(left_out)} years lie beyond the later scans ({longest:g} years at most)."
    ]
    write(paths.progression, {**model.report_, "warnings": warnings if left_out else []})


def make_model(params: Params, dictionary: Dictionary) -> ProgressionModel:
    """The progression model as params.yaml describes it."""
    from models.progression.training.progression_model import ProgressionModel

    progression, linear = params.progression, params.train.linear
    return ProgressionModel(
        dictionary=dictionary,
        means=linear.means,
        widths=linear.widths,
        penalties=linear.penalties,
        n_folds=progression.n_folds,
        minimum_patients=progression.minimum_patients,
        seed=params.seed,
        **asdict(progression.boosted),
    )


def write(folder: Path, report: dict[str, Any]) -> None:
    """Write training.json."""
    text = json.dumps(report, indent=2, default=float) + "\n"
    (folder / TRAINING).write_text(text, encoding="utf-8")
