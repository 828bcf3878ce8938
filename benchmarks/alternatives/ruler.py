"""What every cell is measured with: if it changed, cells of before and after could not be compared.

A hash of the metrics' code would change with every word of it, so a fixed example is measured.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache

import numpy as np

from benchmarks.alternatives.scores import score_risks
from features.endpoint import Endpoint
from features.splits import cross_validation_folds

N_PATIENTS, DIGITS = 200, 6
TIMES = np.array([0.25, 0.5, 0.75, 1.0])


@cache
def ruler() -> str:
    """Changes when the same risks would score, or the same patients be dealt, differently."""
    draws = np.random.default_rng(1)
    margin = draws.normal(size=N_PATIENTS)
    life, other, lost = draws.exponential(size=(3, N_PATIENTS)) * [[1.0], [4.0], [3.0]]
    life = life * np.exp(-margin)
    first = np.minimum(np.minimum(life, other), lost)
    # censored 0, event 1, competing event 2
    event = np.select([first == life, first == other], [1, 2], 0).astype(np.int8)
    endpoint = Endpoint(first, event)
    risks = -np.expm1(-np.exp(0.7 * margin)[:, None] * TIMES)
    figures = score_risks(endpoint, risks, TIMES, (0.5, 1.0), truth=risks[:, -1])
    folds = [rows.tolist() for _, rows in cross_validation_folds(endpoint, 5, 1)]
    example = [{name: round(figure, DIGITS) for name, figure in figures.items()}, folds]
    return hashlib.sha256(json.dumps(example).encode()).hexdigest()[:16]
