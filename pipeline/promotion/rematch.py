"""A paired comparison without patients in MLflow: both models score the cohort that lies here.

It needs this folder to hold the very patients that both models held out: the same raw data, the
same split, the same outcomes. The hashes that were logged tell; nothing else of a patient was.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from features.errors import ModelError
from pipeline.promotion.champion import Rematch
from pipeline.promotion.evidence import Evidence, Figure
from pipeline.settings.params import Params, Paths

if TYPE_CHECKING:
    from features.cohort import Cohort

ENOUGH_SAMPLES = 200


def compare_here(
    challenger: Evidence,
    champion: Evidence,
    folders: tuple[Path, Path],
    params: Params,
    paths: Paths,
) -> Rematch:
    """Score the held-out patients with both model folders, or say why they cannot be paired."""
    shared = sorted(set(challenger.horizons) & set(champion.horizons))
    if challenger.digest == champion.digest and shared:
        same = Figure(0.0, 0.0, 0.0)
        return Rematch(same, shared[-1])
    if not (challenger.held_out_sha256 and champion.held_out_sha256):
        return Rematch(None, why="a run does not say which patients it held out")
    if (challenger.data_sha256, challenger.held_out_sha256) != (
        champion.data_sha256,
        champion.held_out_sha256,
    ):
        return Rematch(None, why="other patients were held out from the champion")
    held_out = read_held_out(paths, challenger)
    if held_out is None:
        return Rematch(None, why="the cohort that both were trained on is not in outputs/ here")
    if not shared:
        return Rematch(None, why="they share no horizon")
    return _score_both(held_out, folders, shared[-1], params)


def read_held_out(paths: Paths, challenger: Evidence) -> Cohort | None:
    """The held-out patients of outputs/, if they are those of the challenger."""
    from features.cohort import Cohort
    from features.fingerprint import fingerprint_patients

    source = paths.source / "source.json"
    if not (source.is_file() and paths.split.is_file() and any(paths.ingest.glob("*"))):
        return None
    if json.loads(source.read_text(encoding="utf-8"))["sha256"] != challenger.data_sha256:
        return None
    cohort = Cohort.read(paths.ingest)
    part = pd.read_parquet(paths.split)["part"].reindex(cohort.covariates.index)
    held_out = cohort.take(part.eq("held_out").to_numpy(dtype=bool))
    same = fingerprint_patients(held_out) == challenger.held_out_sha256
    return held_out if same else None


def _score_both(
    held_out: Cohort, folders: tuple[Path, Path], horizon: float, params: Params
) -> Rematch:
    from features.derivation.catalogue import derive_features
    from features.endpoint import EVENT
    from features.splits import require_endpoint
    from models.evaluation.comparisons.ranking import compare_ranking
    from models.scorer import Scorer

    endpoint = require_endpoint(held_out)
    if endpoint.is_delayed:
        return Rematch(None, why="entry was delayed, so that no two risks count from the same time")
    features = derive_features(held_out.covariates)
    try:
        challenger, champion = (
            Scorer.load(folder).predictor.risk(features, [horizon])[:, 0] for folder in folders
        )
    except ModelError:
        return Rematch(None, why="this version of calcirisk cannot score with both models")
    samples = max(params.evaluate.n_bootstrap, ENOUGH_SAMPLES)
    difference = compare_ranking(endpoint, challenger, champion, horizon, params.seed, samples)
    events = int(((endpoint.event == EVENT) & (endpoint.time <= horizon)).sum())
    return Rematch(Figure(*difference), horizon, len(endpoint), events)
