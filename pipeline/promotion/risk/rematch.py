"""A paired comparison without patients in MLflow: both models score the cohort that lies here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from features.errors import ModelError
from pipeline.promotion.champion import Rematch
from pipeline.promotion.evidence import Evidence, Figure
from pipeline.promotion.pairing import ENOUGH_SAMPLES, find_held_out
from pipeline.settings.params import Params, Paths

if TYPE_CHECKING:
    from features.cohort import Cohort


def compare_here(
    challenger: Evidence,
    champion: Evidence,
    folders: tuple[Path, Path],
    params: Params,
    paths: Paths,
) -> Rematch:
    """Score the held-out patients with both model folders, or say why they cannot be paired."""
    from features.fingerprint import fingerprint_patients

    shared = sorted(set(challenger.horizons) & set(champion.horizons))
    if challenger.digest == champion.digest and shared:
        same = Figure(0.0, 0.0, 0.0)
        return Rematch(same, shared[-1])

    def part_of(cohort: Cohort) -> pd.Series:
        if not paths.split.is_file():
            return pd.Series("", index=cohort.covariates.index)
        return pd.read_parquet(paths.split)["part"].reindex(cohort.covariates.index)

    held_out = find_held_out(challenger, champion, paths, part_of, fingerprint_patients)
    if isinstance(held_out, str):
        return Rematch(None, why=held_out)
    if not shared:
        return Rematch(None, why="they share no horizon")
    return _score_both(held_out, folders, shared[-1], params)


def _score_both(
    held_out: Cohort, folders: tuple[Path, Path], horizon: float, params: Params
) -> Rematch:
    from features.endpoint import EVENT
    from features.splits import require_endpoint
    from models.evaluation.comparisons.ranking import compare_ranking
    from models.scorer import Scorer

    endpoint = require_endpoint(held_out).from_entry()
    if endpoint.is_delayed:
        return Rematch(None, why="entry was delayed, so that no two risks count from the same time")
    try:
        challenger, champion = (
            scorer.predictor.link.risk(scorer.margins_of(held_out.covariates), [horizon])[:, 0]
            for scorer in map(Scorer.load, folders)
        )
    except ModelError:
        return Rematch(None, why="this version of calcirisk cannot score with both models")
    samples = max(params.evaluate.n_bootstrap, ENOUGH_SAMPLES)
    difference = compare_ranking(endpoint, challenger, champion, horizon, params.seed, samples)
    events = int(((endpoint.event == EVENT) & (endpoint.time <= horizon)).sum())
    return Rematch(Figure(*difference), horizon, len(endpoint), events)
