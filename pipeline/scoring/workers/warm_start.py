"""What a process that scores needs, loaded before it begins: the server of processes imports it."""

from __future__ import annotations

import sys

import numpy as np

import pipeline.scoring.workers.worker_pool  # noqa: F401

# xgboost would import scikit-learn, and scipy.stats with it, for classes that no scoring uses:
# most of its start.
sys.modules["sklearn"] = None  # type: ignore[assignment]
try:
    import xgboost  # noqa: F401
finally:
    del sys.modules["sklearn"]

try:
    from models.learners.trees.compiled_trees import NO_TREES, add_trees
except ImportError:
    pass
else:
    # The first compiled loop sets numba up.
    add_trees(NO_TREES, np.zeros((1, 1), np.float32), 1, np.zeros(1, np.float32))
