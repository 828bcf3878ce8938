"""Ridge Cox: ours beside lifelines and scikit-survival, same arrays, same run.

    python benchmarks/ridge_cox.py [patients] [covariates]

Prints seconds per fit (median of five, alternating), the ratio to ours, and the largest
difference between coefficients. Times are rounded to a grid with ties for none of them, since
lifelines treats ties after Efron and the other two after Breslow.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from models.learners.partial_likelihood import RiskSets
from models.learners.penalised_cox import fit_penalised_cox
from models.learners.prior import Gaussian

PENALTY, REPEATS = 0.03, 5


def _cohort(n_patients: int, n_covariates: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draws = np.random.default_rng(0)
    terms = draws.normal(size=(n_patients, n_covariates))
    terms = (terms - terms.mean(axis=0)) / terms.std(axis=0)
    beta = draws.normal(0, 0.1, n_covariates)
    life = draws.exponential(np.exp(-terms @ beta))
    censoring = draws.exponential(0.3, n_patients)
    return terms, np.minimum(life, censoring), life <= censoring


def _fits(
    terms: np.ndarray, follow_up: np.ndarray, occurred: np.ndarray
) -> dict[str, Callable[[], np.ndarray]]:
    from lifelines import CoxPHFitter
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    n_patients, n_events = len(terms), int(occurred.sum())
    ridge = Gaussian.ridge(terms.shape[1], PENALTY * n_events)
    frame = pd.DataFrame(terms).assign(follow_up=follow_up, occurred=occurred)
    outcome = np.array(
        list(zip(occurred, follow_up, strict=True)), dtype=[("event", "?"), ("time", "<f8")]
    )

    def lifelines() -> np.ndarray:
        # its likelihood is averaged over patients and its penalty halved
        fitter = CoxPHFitter(penalizer=PENALTY * n_events / n_patients)
        return fitter.fit(frame, "follow_up", "occurred").params_.to_numpy()

    def scikit_survival() -> np.ndarray:
        model = CoxPHSurvivalAnalysis(alpha=PENALTY * n_events, ties="breslow")
        return np.asarray(model.fit(terms, outcome).coef_)

    return {
        "calcirisk": lambda: fit_penalised_cox(terms, RiskSets(follow_up, occurred), ridge)[0],
        "lifelines": lifelines,
        "scikit-survival": scikit_survival,
    }


def main() -> None:
    """Fit each in turn, so that a drift of the machine's speed meets all of them alike."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.filterwarnings("ignore", message="Starting with pandas version 4.0")
    n_patients, n_covariates = (
        int(x) for x in (sys.argv[1:] + ["5000", "100"][len(sys.argv) - 1 :])
    )
    arrays = _cohort(n_patients, n_covariates)
    seconds: dict[str, list[float]] = {}
    coefficients = {}
    # one BLAS thread for all, as in training: two of them on two busy cores wait for each other
    threadpool_limits(limits=1, user_api="blas")
    for _ in range(REPEATS):
        for name, fit in _fits(*arrays).items():
            start = time.perf_counter()
            coefficients[name] = fit()
            seconds.setdefault(name, []).append(time.perf_counter() - start)
    table = Table(
        title=f"{n_patients} patients, {int(arrays[2].sum())} events, {n_covariates} terms"
    )
    for heading in ("", "seconds per fit", "ratio to ours", "largest difference"):
        table.add_column(heading, justify="right")
    own = float(np.median(seconds["calcirisk"]))
    for name, spent in seconds.items():
        median = float(np.median(spent))
        difference = np.abs(coefficients[name] - coefficients["calcirisk"]).max()
        table.add_row(name, f"{median:.3f}", f"{median / own:.1f}", f"{difference:.1e}")
    Console().print(table)


if __name__ == "__main__":
    main()
