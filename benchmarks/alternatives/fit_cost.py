"""What a whole fit costs beside one plain XGBoost fit of the final size, for every cause.

    python -m benchmarks.alternatives.fit_cost [patients]

Simulated cohort, one thread, CPU seconds, medians of three. The whole fit: completion, five folds
of both parts for both causes, penalties, rounds, stack, baselines. The plain fit: the final rounds
with the final settings on all patients, once per cause.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from rich.console import Console

from benchmarks.alternatives.cohort import BenchmarkCohort
from benchmarks.alternatives.simulated import load_simulated
from features.endpoint import COMPETING, EVENT
from models.risk.risk_model import RiskModel

REPEATS = 3


def main() -> None:
    """Fit both in turn and print their times."""
    n_patients = int(sys.argv[1]) if len(sys.argv) > 1 else 6800
    cohort = load_simulated(n_patients, repeat=0, n_test=100)
    whole, plain = [], []
    for _ in range(REPEATS):
        start = time.process_time()
        model = RiskModel(n_threads=1).fit(cohort.features, cohort.endpoint)
        whole.append(time.process_time() - start)
        plain.append(_plain_seconds(cohort, model))
    ours, theirs = float(np.median(whole)), float(np.median(plain))
    Console().print(
        f"{n_patients} patients, {cohort.features.shape[1]} features: whole fit {ours:.2f} s, "
        f"plain XGBoost fits {theirs:.2f} s, ratio {ours / theirs:.1f}",
        soft_wrap=True,
    )


def _plain_seconds(cohort: BenchmarkCohort, model: RiskModel) -> float:
    import xgboost

    endpoint, values = cohort.endpoint, cohort.features.to_numpy(np.float32)
    start = time.process_time()
    for cause, code in (("event", EVENT), ("competing", COMPETING)):
        found = model.report_["causes"][cause]["boosted"]
        label = np.where(endpoint.event == code, endpoint.time, -endpoint.time)
        settings = {"objective": "survival:cox", "tree_method": "hist", "nthread": 1}
        matrix = xgboost.DMatrix(values, label=label)
        xgboost.train({**settings, **found["settings"]}, matrix, found["rounds"])
    return time.process_time() - start


if __name__ == "__main__":
    main()
