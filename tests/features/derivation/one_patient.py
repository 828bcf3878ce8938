"""One patient's row in, features out."""

from __future__ import annotations

import pandas as pd

from features.derivation.catalogue import derive_features


def features_of(**values: object) -> pd.Series:
    """Features of the one patient with these covariates; all others are absent."""
    covariates = pd.DataFrame({name: [value] for name, value in values.items()}, index=["p1"])
    return derive_features(covariates).iloc[0]
