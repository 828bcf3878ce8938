"""Do 90 % intervals hold the true risk of 90 % of patients? Simulated cohorts, truth known.

    python benchmarks/interval_coverage.py [table.md] [threads] [size ...]

Trains the whole recipe on fresh cohorts of three sizes, asks for intervals of 20,000 new patients
by 10 years, and writes the mean coverage over the cohorts of each size, by calcium group, with its
standard error and, in brackets, the lowest cohort. Beside it: intervals from the sampling variance
of the same ridge regression, which is what a bootstrap estimates; and what intervals cost.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from features.array_types import FloatArray
from features.derivation.catalogue import CATALOGUE, derive_features, learnable
from features.dictionary.dictionary import Dictionary
from features.dictionary.published_priors import load_priors
from features.endpoint import EVENT, Endpoint
from features.simulation.cohort import SimulatedCohort, simulate_cohort
from models.learners.completion import Completed
from models.learners.partial_likelihood import RiskSets, information
from models.risk.risk_model import RiskModel
from models.uncertainty.coverage import CAC_GROUPS, cac_group, measure_coverage
from models.uncertainty.fitting import fit_uncertainty
from models.uncertainty.risk_interval import RiskInterval

# Seeds of the cohorts of each size; small ones vary more, so there are more of them.
COHORTS = {
    2_000: [*range(5_001, 5_011), *range(5_020, 5_030)],
    6_800: list(range(5_011, 5_017)),
    20_000: list(range(5_017, 5_020)),
}
TEST_SEED, N_TEST = 4_999, 20_000
HORIZON = 10.0
_PRIORS = load_priors(Dictionary.load())
_MONOTONE = {feature.name: feature.monotone for feature in CATALOGUE if feature.monotone}


def _endpoint(cohort: SimulatedCohort) -> Endpoint:
    table = cohort.endpoint
    return Endpoint(table["time"].to_numpy(), table["event"].to_numpy())


class _SamplingVariance(RiskInterval):
    """Intervals of the same width rule, with nothing for missing values."""

    def gap_variance(self, seen: Completed) -> FloatArray:
        return np.zeros(len(seen))


def _sampling_only(intervals: RiskInterval, X: pd.DataFrame, endpoint: Endpoint) -> RiskInterval:
    """The same intervals from V I V in place of V: no bias of shrinkage, no missing values."""
    part = intervals.part
    terms = part.design.terms(intervals.predictor.see(X))
    sets = RiskSets(endpoint.time, endpoint.event == EVENT)
    margins = terms @ part.coefficients
    data = information(sets, terms, margins)
    posterior = intervals.coefficients @ intervals.coefficients.T
    values, vectors = np.linalg.eigh(posterior @ data @ posterior)
    factor = vectors * np.sqrt(np.maximum(values, 0.0))
    return _SamplingVariance(
        intervals.predictor, part, factor, {}, intervals.years, intervals.events
    )


def _seconds(work: object, repeats: int = 3) -> float:
    assert callable(work)
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return float(np.median(spent))


def main() -> None:
    """Write the table and print it."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    console = Console()
    test = simulate_cohort(N_TEST, seed=TEST_SEED, with_lesions=False)
    X_test = learnable(derive_features(test.covariates))
    truth = test.truth["true_risk_10y"].to_numpy()
    group = cac_group(test.covariates["cac_agatston"].to_numpy())
    names = ("all", *CAC_GROUPS)
    head = ["patients", "cohorts", "intervals", *names, "mean width", "fit, s", "scoring, times"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for size in [int(size) for size in sys.argv[3:]] or list(COHORTS):
        found: dict[str, list[pd.DataFrame]] = {"posterior": [], "sampling variance": []}
        fitting, cost = [], []
        for seed in COHORTS[size]:
            cohort = simulate_cohort(size, seed=seed, with_lesions=False)
            X = learnable(derive_features(cohort.covariates))
            endpoint = _endpoint(cohort)
            model = RiskModel(monotone=_MONOTONE, priors=_PRIORS, n_threads=threads, seed=seed).fit(
                X, endpoint
            )
            predictor = model.predictor_
            start = time.perf_counter()
            intervals = fit_uncertainty(model)
            fitting.append(time.perf_counter() - start)
            kinds = (intervals, _sampling_only(intervals, X, endpoint))
            for kind, one in zip(found, kinds, strict=True):
                limits = one.interval(X_test, [HORIZON])[:, 0]
                found[kind].append(measure_coverage(limits, truth, group))
            years = [5.0, HORIZON]
            alone = _seconds(lambda: predictor.risk(X_test, years))  # noqa: B023
            with_intervals = _seconds(lambda: _score(intervals, X_test, years))  # noqa: B023
            cost.append(with_intervals / alone)
            console.print(f"{size} patients, seed {seed}: done")
        for kind, tables in found.items():
            lines.append(_line(size, kind, tables, names, fitting, cost))
    text = "\n".join(lines) + "\n"
    if out is not None:
        out.write_text(text, encoding="utf-8")
    console.print(text)


def _score(intervals: RiskInterval, X: pd.DataFrame, years: list[float]) -> None:
    margins = intervals.predictor.margin(X)
    intervals.predictor.link.risk(margins, years)
    intervals.interval(X, years, margins=margins)


def _line(
    size: int,
    kind: str,
    tables: list[pd.DataFrame],
    names: tuple[str, ...],
    fitting: list[float],
    cost: list[float],
) -> str:
    coverage = np.array([[table.loc[name, "coverage"] for name in names] for table in tables])
    width = float(np.mean([table.loc["all", "width"] for table in tables]))
    means, lowest = 100 * coverage.mean(axis=0), 100 * coverage.min(axis=0)
    errors = 100 * coverage.std(axis=0, ddof=1) / np.sqrt(len(coverage))
    cells = [
        f"{mean:.1f} ± {error:.1f} ({low:.0f})"
        for mean, error, low in zip(means, errors, lowest, strict=True)
    ]
    ends = ["", ""]
    if kind == "posterior":
        ends = [f"{np.median(fitting):.1f}", f"{np.median(cost):.1f}"]
    columns = [f"{size:,}", str(len(tables)), kind, *cells, f"{100 * width:.1f}", *ends]
    return "| " + " | ".join(columns) + " |"


if __name__ == "__main__":
    main()
