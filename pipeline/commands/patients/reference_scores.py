"""The reference scores of a cohort alone, without a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.settings.params import Paths

if TYPE_CHECKING:
    import pandas as pd

    from models.reference_scores.reference_score import ReferenceScore


def reference_scores(
    file: Annotated[Path, typer.Argument(help="Patients.")],
    out: Annotated[Path, typer.Option(help="File to write; coverage and rejects stand beside it.")],
    cohort: Annotated[
        str | None, typer.Option(help="Map of the file's columns; none: dictionary names.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the files.")] = False,
) -> None:
    """Published risk scores of each patient, empty where a score does not speak for the patient.

    MESA, PREVENT, Pooled Cohort Equations, SCORE2, Framingham 2008; the coverage says for how many
    patients each could be computed, and why not for the others. No model is needed.
    """
    from features.dictionary.dictionary import Dictionary
    from pipeline.files.destinations import existing, map_of
    from pipeline.files.tables import written_whole
    from pipeline.scoring.sources.patient_file import read_patient_file

    beside = {end: out.with_suffix(f".{end}.csv") for end in ("coverage", "rejects")}
    sources = existing(file, map_of(cohort))
    with written_whole((out, *beside.values()), sources, overwrite) as tables:
        maps = Paths.default().cohort_maps
        patients = read_patient_file(file, cohort, maps, Dictionary.load())
        rejects = patients.rejects
        scores, coverage = reference_scores_table(patients.covariates)
        tables.append(scores.reset_index(), out)
        tables.append(coverage, beside["coverage"])
        tables.append(rejects, beside["rejects"])
    computed = int(scores.notna().any(axis=1).sum())
    typer.echo(
        f"{computed} of {len(scores) + len(rejects)} rows have at least one of {scores.shape[1]} "
        f"risks; {len(rejects)} rejects\n{out}\n{beside['coverage']}\n{beside['rejects']}"
    )


def reference_scores_table(
    covariates: pd.DataFrame, scores: Mapping[str, ReferenceScore] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every score of every patient, and how far each score reaches.

    The first table is indexed like the covariates, with a column ``<score>_<horizon>y`` for each
    published horizon: risk from 0 to 1, NaN where the score has none. The second is the scores'
    `coverage`, one below the other.
    """
    import pandas as pd

    from models.reference_scores.reference_score import Inputs
    from models.reference_scores.registry import REFERENCE_SCORES

    scores = REFERENCE_SCORES if scores is None else scores
    inputs = Inputs(covariates)
    columns = {
        f"{name}_{horizon:g}y": score.predict_risk(inputs, [horizon])[:, 0]
        for name, score in scores.items()
        for horizon in score.publication.horizons
    }
    coverage = [score.coverage(inputs) for score in scores.values()]
    return (
        pd.DataFrame(columns, index=covariates.index),
        pd.concat(coverage, ignore_index=True),
    )
