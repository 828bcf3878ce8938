"""What a process that scores needs, loaded before it begins: the server of processes imports it."""

from __future__ import annotations

import numpy as np

import pipeline.scoring.workers.worker_pool  # noqa: F401
from models.storage.xgboost_alone import import_xgboost_alone

import_xgboost_alone()

try:
    from models.learners.trees.compiled_trees import NO_TREES, add_trees
except ImportError:
    pass
else:
    # The first compiled loop sets numba up.
    add_trees(NO_TREES, np.zeros((1, 1), np.float32), 1, np.zeros(1, np.float32))
