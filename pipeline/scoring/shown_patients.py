"""A file of patients scored to be looked at: their scores, and their covariates beside them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pandas as pd

from features.dictionary.dictionary import Dictionary
from pipeline.scoring.job import score_stream
from pipeline.scoring.request import ScoreRequest
from pipeline.scoring.sources.patient_file import read_patient_file
from pipeline.settings.paths import Paths


def score_and_read(
    file: Path, model: str, cohort: str | None, folder: Path, paths: Paths
) -> tuple[Path, pd.DataFrame]:
    """Score the file into ``folder``; the scored file and the covariates, index: identifiers.

    Rows that are rejected are in neither. Raises what scoring raises.
    """
    name = sha256(str(file.resolve()).encode()).hexdigest()[:12]
    out = folder / f"scored-{name}" / "risks.csv"
    out.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    request = ScoreRequest(file, model, out, cohort, overwrite=True, workers=1)
    score_stream(request, paths)
    read = read_patient_file(file, cohort, paths.cohort_maps, Dictionary.load())
    return out, read.covariates
