"""Whether covariates are those that a row of scores came from: they must give it again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.covariate_fingerprint import FINGERPRINT, fingerprint
from features.derivation.columns import Columns
from models.scorer import Scorer

_CLOSE = 1e-6
"""Sums in another order differ by less; patients whose covariates differ, by far more."""


def find_reproduced(
    scores: pd.DataFrame, covariates: pd.DataFrame, horizons: Sequence[str], scorer: Scorer
) -> npt.NDArray[np.bool_]:
    """Which rows of scores (n,) the covariates beside them (n, variables) give again.

    Compared are the risks by every horizon (columns ``risk_10y``, ...), how many important inputs
    are missing, which lie outside the training range, and the fingerprint of the covariates.
    """
    columns = Columns(covariates.reset_index(drop=True), scorer.dictionary)
    years = [float(name.removeprefix("risk_").removesuffix("y")) for name in horizons]
    risks = scorer.predictor.link.risk(scorer.margins_of(columns), years)
    given = scores[list(horizons)].to_numpy(np.float64)
    same = np.all(np.abs(risks - given) <= _CLOSE, axis=1)
    same &= scorer.ranges.count_missing(columns) == scores["missing_inputs"].to_numpy()
    outside = scorer.ranges.name_outside(columns, scorer.labels)
    same &= outside.to_numpy() == scores["outside_training"].to_numpy()
    made_of = fingerprint(columns, scorer.dictionary)
    return np.asarray(same & (made_of == scores[FINGERPRINT].to_numpy()))
