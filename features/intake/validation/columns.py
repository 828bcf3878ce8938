"""Columns that tell nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from features.intake.validation.findings import Findings


def check_columns(
    covariates: pd.DataFrame, origins: Mapping[str, Collection[str]], findings: Findings
) -> None:
    """Warn of variables that are all missing, or the same for every patient who has them.

    ``origins``: the columns of the file that each is read from; none of what the map says is the
    same for all. One of which nothing could be read for a problem that is told already is not
    missing.
    """
    faulty = {problem.column for problem in findings.problems}
    for name, values in covariates.items():
        if faulty & {str(name), *origins.get(str(name), ())}:
            continue
        if not origins.get(str(name), (name,)):
            continue  # a constant of the map
        known = values.dropna()
        if known.empty:
            remedy = "Remove it from the map, or check the export"
            findings.warn(str(name), "is missing for every patient", remedy)
        elif len(known) > 1 and known.nunique() == 1:
            remedy = "It can tell nobody apart; check the column and its codes"
            findings.warn(str(name), "is the same for every patient", remedy)
