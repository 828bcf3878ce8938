"""A file of patients scored to be looked at: their scores, and their covariates beside them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from features.dictionary.dictionary import Dictionary
from pipeline.scoring.account.job_summary import JobSummary
from pipeline.scoring.job import score_stream
from pipeline.scoring.request import ScoreRequest
from pipeline.scoring.sources.patient_file import read_patient_file
from pipeline.settings.paths import Paths


def score_and_read(
    file: Path, model: str, cohort: str | None, folder: Path, paths: Paths
) -> tuple[JobSummary, pd.DataFrame]:
    """Score the file into ``folder``; what became of it, and the covariates, index: identifiers.

    Rows that are rejected are in neither. Raises what scoring raises.
    """
    request = ScoreRequest(file, model, folder / "risks.csv", cohort, overwrite=True, workers=1)
    summary = score_stream(request, paths)
    read = read_patient_file(file, cohort, paths.cohort_maps, Dictionary.load())
    return summary, read.covariates
