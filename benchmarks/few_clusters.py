"""Do 95 % intervals hold the truth where patients come in few clusters? Simulated, truth known.

    python -m benchmarks.few_clusters [trials]

Clusters of 15 to 90 patients differ in their level of risk and in how well risks rank. Counted is
how often the percentiles of resamples of clusters hold what a cohort of 4,000 clusters gives, as
they are drawn (`features.sample.survey`) and as resamples that know of no degrees of freedom.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from features.sample.survey import Survey
from models.metrics.bootstrap import percentile_interval

CLUSTERS, N_BOOTSTRAP, N_TRUTH = (4, 5, 8, 15, 30), 500, 4_000
FIGURES = ("observed over expected", "C of a yes or no")


@dataclass(frozen=True)
class Drawn:
    """``risk``, ``event`` and ``cluster`` of patients (n,)."""

    risk: FloatArray
    event: BoolArray
    cluster: npt.NDArray[np.intp]


def draw(n_clusters: int, rng: np.random.Generator) -> Drawn:
    """Clusters whose level and whose slope of the log odds vary."""
    cluster = np.repeat(np.arange(n_clusters), rng.integers(15, 90, n_clusters))
    level, slope = rng.normal(0.0, 0.4, n_clusters), rng.normal(1.0, 0.3, n_clusters)
    margin = rng.normal(0.0, 1.0, len(cluster))
    odds = -1.5 + level[cluster] + slope[cluster] * margin
    event = rng.random(len(cluster)) < 1.0 / (1.0 + np.exp(-odds))
    return Drawn(1.0 / (1.0 + np.exp(1.5 - margin)), event, cluster)


def measure(drawn: Drawn, weights: FloatArray) -> FloatArray:
    """FIGURES (b, 2) by weights (b, n)."""
    order = np.argsort(drawn.risk)
    ranked, event = weights[:, order], drawn.event[order]
    cases, others = ranked * event, ranked * ~event
    below = np.cumsum(others, axis=1) - others
    with np.errstate(invalid="ignore"):  # nobody drawn had the event
        c = (cases * below).sum(axis=1) / (cases.sum(axis=1) * others.sum(axis=1))
    level = (weights @ drawn.event) / (weights @ drawn.risk)
    return np.column_stack([level, c])


def without_degrees(
    cluster: npt.NDArray[np.intp], rng: np.random.Generator
) -> Iterator[FloatArray]:
    """Resamples of as many clusters less one, rescaled, and no more."""
    size = int(cluster.max()) + 1
    for _ in range(N_BOOTSTRAP):
        counts = np.bincount(rng.integers(0, size, size - 1), minlength=size)
        yield (counts * size / (size - 1))[cluster]


def main() -> None:
    """Run and print."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    many = draw(N_TRUTH, np.random.default_rng(0))
    truth = measure(many, np.ones((1, len(many.risk))))[0]
    write = sys.stdout.write
    write(f"| clusters | drawn | {' | '.join(FIGURES)} |\n|---:|---|{'---:|' * len(FIGURES)}\n")
    for n_clusters in CLUSTERS:
        held: dict[str, list[FloatArray]] = defaultdict(list)
        for trial in range(trials):
            rng = np.random.default_rng([n_clusters, trial])
            drawn = draw(n_clusters, rng)
            survey = Survey(np.ones(len(drawn.risk)), cluster=drawn.cluster)
            ways = {
                "as here": np.array(list(survey.resample(N_BOOTSTRAP, trial))),
                "without degrees": np.array(list(without_degrees(drawn.cluster, rng))),
            }
            for name, weights in ways.items():
                low, high = percentile_interval(measure(drawn, weights))
                held[name].append((low <= truth) & (truth <= high))
        for name, found in held.items():
            shares = " | ".join(f"{100 * share:.1f}" for share in np.mean(found, axis=0))
            write(f"| {n_clusters} | {name} | {shares} |\n")


if __name__ == "__main__":
    main()
