"""Training with the boosted part on a GPU beside training on the CPU alone.

    python benchmarks/gpu_training.py [patients ...]        (6800 50000 200000)

For each size one simulated cohort, fitted with the recipe of params.yaml on either device: seconds
of the whole fit and of one with the boosted part alone, C-index by 10 years on 20,000 other
simulated patients, and the largest and mean difference between the two models' risks of them.
Ends with an error that says so where there is no GPU.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
from rich.console import Console

from features.derivation.catalogue import derive_features
from features.endpoint import Endpoint
from features.simulation.cohort import simulate_cohort
from models.learners.trees.device import CPU, CUDA, require_device
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp
from models.risk.cause_fitting import BOOSTED, LINEAR
from models.risk.risk_model import RiskModel
from pipeline.settings.params import Params
from pipeline.training.recipe import make_model

SIZES = (6_800, 50_000, 200_000)
SEED, N_TEST, HORIZON = 7_001, 20_000, 10.0


def _draw(n_patients: int, seed: int) -> tuple[pd.DataFrame, Endpoint]:
    cohort = simulate_cohort(n_patients, seed, with_lesions=False)
    endpoint = Endpoint(cohort.endpoint["time"].to_numpy(), cohort.endpoint["event"].to_numpy())
    return derive_features(cohort.covariates), endpoint


def _fit(
    device: str, parts: tuple[str, ...], X: pd.DataFrame, endpoint: Endpoint
) -> tuple[RiskModel, float]:
    params = Params.load()
    model = make_model(params.train, params.seed).set_params(device=device, parts=parts)
    start = time.perf_counter()
    model.fit(X, endpoint)
    return model, time.perf_counter() - start


def main(arguments: list[str]) -> None:
    """Fit every size named, or all, on both devices."""
    require_device(CUDA)
    console = Console()
    X_test, observed = _draw(N_TEST, SEED - 1)
    for n_patients in [int(one) for one in arguments] or SIZES:
        X, endpoint = _draw(n_patients, SEED)
        risks = {}
        for device in (CPU, CUDA):
            model, seconds = _fit(device, (LINEAR, BOOSTED), X, endpoint)
            _, boosted = _fit(device, (BOOSTED,), X, endpoint)
            risks[device] = model.predict_risk(X_test, [HORIZON])[:, 0]
            c_index = harrell_c(FollowUp.of(observed), risks[device], HORIZON)
            rounds = [one["boosted"]["rounds"] for one in model.report_["causes"].values()]
            console.print(
                f"{n_patients} patients, {device}: {seconds:.1f} s, boosted part alone "
                f"{boosted:.1f} s, rounds {rounds}, C {c_index:.4f}",
                soft_wrap=True,
            )
        gap = np.abs(risks[CPU] - risks[CUDA])
        console.print(f"  risks differ by {gap.max():.4f} at most, {gap.mean():.5f} on average")


if __name__ == "__main__":
    main(sys.argv[1:])
