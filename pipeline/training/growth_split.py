"""Which patients develop the progression model and which are held out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.cohort import Cohort
from features.splits import patient_hashes
from pipeline.settings.params import Params, Paths

DEVELOPMENT, HELD_OUT = "development", "held_out"


def part_of(cohort: Cohort, params: Params, paths: Paths) -> pd.Series:
    """Part of each patient: that of the risk model where there is one, else by identifier and seed.

    So no model of a run sees the other's held-out patients, and a cohort without an endpoint, which
    no risk model can be trained on, has held-out patients as well.
    """
    index = cohort.covariates.index
    if paths.split.is_file():
        return pd.read_parquet(paths.split)["part"].reindex(index)
    order = np.argsort(patient_hashes(index, params.seed), kind="stable")
    part = np.full(len(index), DEVELOPMENT, dtype=object)
    part[order[: round(params.train.split.test_fraction * len(index))]] = HELD_OUT
    return pd.Series(part, index=index, dtype="str", name="part")
