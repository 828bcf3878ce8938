"""Command and stage score: the risk of new patients, every row of their file accounted for."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from features.cohort import Cohort
from features.intake.sources.frame_source import FrameSource
from pipeline.scoring.columns import Categories, Comparison
from pipeline.scoring.job import score_stream
from pipeline.scoring.request import ScoreRequest
from pipeline.settings.params import Params, Paths


def run(params: Params, paths: Paths) -> None:
    """Write risks.csv for the held-out patients, or for the file that params.yaml names."""
    request = ScoreRequest(
        "held-out patients",
        str(paths.model),
        paths.score / "risks.csv",
        n_reasons=params.score.n_reasons,
        overwrite=True,
        categories=categories_of(params),
        comparison=comparison_of(params),
    )
    if params.score.file is None:
        score_stream(request, paths, _held_out(paths))
        return
    from features.intake.files.cohort_file import locate_source
    from pipeline.stages.ingest import source_folders_of

    file = locate_source(params.score.file, source_folders_of(paths))
    score_stream(replace(request, file=file, cohort=params.cohort), paths)


def categories_of(params: Params) -> Categories:
    """The categories of risk that params.yaml sets."""
    chosen = params.score.categories
    return Categories(chosen.thresholds, chosen.names, chosen.horizon)


def comparison_of(params: Params) -> Comparison | None:
    """The published score that risks are held against, None where params.yaml names none."""
    chosen = params.score.comparison
    return None if chosen.score is None else Comparison(chosen.score, chosen.ratio)


def _held_out(paths: Paths) -> FrameSource:
    held_out = pd.read_parquet(paths.split)["part"] == "held_out"
    covariates = Cohort.read(paths.ingest).covariates
    covariates = covariates[held_out.loc[covariates.index].to_numpy()]
    return FrameSource(covariates.reset_index(), "held-out patients", 32_768)
