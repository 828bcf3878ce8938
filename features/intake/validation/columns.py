"""Columns that tell nothing."""

from __future__ import annotations

import pandas as pd

from features.intake.validation.findings import Findings


def check_columns(covariates: pd.DataFrame, findings: Findings) -> None:
    """Warn of variables that are all missing, or the same for every patient who has them."""
    for name, values in covariates.items():
        known = values.dropna()
        if known.empty:
            remedy = "Remove it from the map, or check the export"
            findings.warn(str(name), "is missing for every patient", remedy)
        elif len(known) > 1 and known.nunique() == 1:
            remedy = "It can tell nobody apart; check the column and its codes"
            findings.warn(str(name), "is the same for every patient", remedy)
