"""Processor time of measuring a risk on bootstrap resamples, one after another and side by side.

    python -m benchmarks.resamples [resamples]

Everything that stands in the metrics table of one model at one horizon, of 1,700 and 6,800 drawn
patients with two causes and censoring; one BLAS thread, after one call in which loops are compiled.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from rich.console import Console
from threadpoolctl import threadpool_limits

from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.evaluation.prediction import PreparedRisk
from models.metrics.bootstrap import resample_counts
from models.metrics.follow_up import FollowUp
from models.metrics.resampled.resamples import AT_ONCE, Resamples

SIZES, HORIZON = (1_700, 6_800), 8.0


def draw(n: int) -> tuple[Endpoint, FloatArray]:
    """Endpoint and risks of n patients; some 15 % have the event by the horizon."""
    draws = np.random.default_rng(n)
    margin = draws.normal(size=n)
    event = draws.exponential(1 / (0.015 * np.exp(0.9 * margin)))
    other, lost = draws.exponential(50, n), draws.exponential(25, n)
    times = np.stack([lost, event, other])
    endpoint = Endpoint(times.min(axis=0), times.argmin(axis=0).astype(np.int8))
    return endpoint, -np.expm1(-0.1 * np.exp(0.8 * margin))


def measure_all(prepared: PreparedRisk, counts: list[FloatArray], at_once: int) -> float:
    """Seconds of the processor for a resample."""
    started = time.process_time()
    for first in range(0, len(counts), at_once):
        some = counts[first : first + at_once]
        prepared.measure_resamples(Resamples.of(prepared.follow_up, some))
    return (time.process_time() - started) / len(counts)


def main(n_resamples: int) -> None:
    """Print a table of milliseconds."""
    say = Console(highlight=False).print
    say(f"| patients | alone, ms | {AT_ONCE} side by side, ms |\n|---|---|---|")
    for n in SIZES:
        endpoint, risk = draw(n)
        prepared = PreparedRisk.of(FollowUp.of(endpoint), risk, HORIZON)
        counts = list(resample_counts(endpoint, n_resamples, seed=1))
        measure_all(prepared, counts[:2], 1)
        alone, together = (1e3 * measure_all(prepared, counts, at_once) for at_once in (1, AT_ONCE))
        say(f"| {n:,} | {alone:.2f} | {together:.2f} |")


if __name__ == "__main__":
    with threadpool_limits(limits=1, user_api="blas"):
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 160)
