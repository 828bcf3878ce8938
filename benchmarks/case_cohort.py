"""What case-cohort samples of a cohort tell, by each method, beside the whole cohort and the truth.

    python -m benchmarks.case_cohort [cohorts]

Cohorts of 10,000 patients are drawn with known hazards of the event and of other death, and from
each a subcohort by a tenth and by a fifth, to which all cases are added. Coefficients are those of
fits without a penalty; risks those of a whole `RiskModel`, of patients drawn apart. Intervals are
meant to hold the truth in 90 %.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from rich.console import Console

from features.array_types import BoolArray, FloatArray
from features.endpoint import Endpoint
from features.sample.case_cohort import BARLOW, BORGAN, BOTH, EVENT_ALONE, PRENTICE, CaseCohort
from features.sample.survey import Survey
from models.learners.penalised_cox import fit_penalised_cox
from models.learners.prior import Gaussian
from models.learners.sampled_information import sampled_information
from models.risk.risk_model import RiskModel
from models.risk.sampling import causes_of
from models.uncertainty.fitting import fit_uncertainty

N, N_NEW, YEARS = 10_000, 5_000, 8.0
FRACTIONS = (0.1, 0.2)
SLOPES = np.array([0.7, -0.5, 0.0, 0.0])
_EVENT, _DEATH, _DEATH_SLOPE = 0.007, 0.012, 0.6
_SURE = 1.645  # of a 90 % interval

Sampler = Callable[[Endpoint, BoolArray], tuple[BoolArray, Endpoint]]


def main() -> None:
    """Print a table per fraction."""
    n_cohorts = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    console = Console(width=140)
    found = pd.concat([_measure(seed) for seed in range(n_cohorts)], ignore_index=True)
    for fraction, of_fraction in found.groupby("fraction"):
        console.print(f"\nfraction {fraction}, {n_cohorts} cohorts")
        console.print(
            "| method | patients | events | coefficients (truth 0.7, -0.5) | spread | "
            "intervals of coefficients that hold the truth | of risks "
            "| mean risk less the truth (range), points | risk off by, points |",
            "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
            sep="\n",
        )
        for name, one in of_fraction.groupby("method", sort=False):
            off = 100 * one["level"]
            console.print(
                f"| {name} | {one['patients'].mean():,.0f} | {one['events'].mean():.0f} | "
                f"{one['a'].mean():.3f}, {one['b'].mean():.3f} | "
                f"{one['a'].std():.3f}, {one['b'].std():.3f} | "
                f"{100 * one['covered'].mean():.0f} % | {100 * one['held'].mean():.0f} % | "
                f"{off.mean():+.2f} ({off.min():+.2f} to {off.max():+.2f}) | "
                f"{100 * one['error'].mean():.2f} |"
            )
    console.print(f"\ntrue mean risk {100 * found['true'].mean():.2f} %")


def draw(n_patients: int, seed: int) -> tuple[pd.DataFrame, Endpoint]:
    """Features, and the first of exponential times and of the end of follow-up."""
    draws = np.random.default_rng(seed)
    X = pd.DataFrame(draws.normal(size=(n_patients, len(SLOPES))), columns=list("abcd"))
    event, death = _hazards(X)
    times = np.stack(
        [
            draws.uniform(4, 12, n_patients),
            draws.exponential(1 / event),
            draws.exponential(1 / death),
        ]
    )
    return X, Endpoint(times.min(axis=0), times.argmin(axis=0).astype(np.int8))


def _hazards(X: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    values = X.to_numpy()
    return _EVENT * np.exp(values @ SLOPES), _DEATH * np.exp(_DEATH_SLOPE * values[:, 1])


def _measure(seed: int) -> pd.DataFrame:
    """A row per fraction and method."""
    X, endpoint = draw(N, seed)
    new, _ = draw(N_NEW, 10_000 + seed)
    event, death = _hazards(new)
    truth = event / (event + death) * (1 - np.exp(-(event + death) * YEARS))
    rows = []
    for fraction in FRACTIONS:
        drawn = np.random.default_rng(20_000 + seed).random(N) < fraction
        for name, sample in _samplers(fraction).items():
            kept, sampled = sample(endpoint, drawn)
            row = _fit(X[kept].reset_index(drop=True), sampled, new, truth)
            rows.append({"fraction": fraction, "method": name, "true": truth.mean(), **row})
    return pd.DataFrame(rows)


def _samplers(fraction: float) -> dict[str, Sampler]:
    def everyone(endpoint: Endpoint, drawn: BoolArray) -> tuple[BoolArray, Endpoint]:
        return np.ones(len(endpoint), bool), endpoint

    def by_hand(endpoint: Endpoint, drawn: BoolArray) -> tuple[BoolArray, Endpoint]:
        kept = drawn | (endpoint.event == 1)
        weight = np.where(endpoint.event == 1, 1.0, 1 / fraction)[kept]
        return kept, replace(endpoint.take(kept), survey=Survey(weight))

    def by(method: str, cases: str) -> Sampler:
        def sample(endpoint: Endpoint, drawn: BoolArray) -> tuple[BoolArray, Endpoint]:
            kept = drawn | (endpoint.event == 1) | ((endpoint.event == 2) & (cases == BOTH))
            part = endpoint.take(kept)
            design = CaseCohort(drawn[kept], np.array(fraction), method, cases)
            return kept, replace(part, survey=Survey.of_case_cohort(design, part.event))

        return sample

    samplers: dict[str, Sampler] = {"whole cohort": everyone, "weights alone": by_hand}
    for cases, said in ((EVENT_ALONE, ""), (BOTH, ", deaths taken too")):
        for method in (PRENTICE, BARLOW, BORGAN):
            samplers[f"{method.capitalize()}{said}"] = by(method, cases)
    return samplers


def _fit(
    X: pd.DataFrame, endpoint: Endpoint, new: pd.DataFrame, truth: FloatArray
) -> dict[str, float]:
    terms = X.to_numpy()
    sets = causes_of(endpoint)[0].outcome.sets()
    beta, _ = fit_penalised_cox(terms, sets, Gaussian.ridge(terms.shape[1], 0.0))
    error = np.sqrt(np.diag(np.linalg.inv(sampled_information(sets, terms, terms @ beta))))
    model = RiskModel(parts=("linear",), n_threads=1).fit(X, endpoint)
    risk = model.predict_risk(new, [YEARS])[:, 0]
    lower, upper = fit_uncertainty(model).interval(new, [YEARS], 0.9)[:, 0].T
    return {
        "patients": len(X),
        "events": endpoint.n_events,
        "a": beta[0],
        "b": beta[1],
        "covered": float((np.abs(beta - SLOPES) <= _SURE * error).mean()),
        "held": float(((lower <= truth) & (truth <= upper)).mean()),
        "level": float(risk.mean() - truth.mean()),
        "error": float(np.sqrt(np.mean((risk - truth) ** 2))),
    }


if __name__ == "__main__":
    main()
