"""How near to the oracle a model comes that is told the form of the simulated hazard.

    python -m benchmarks.known_form [repeats]

The simulated log hazard of the event is a weighted sum of 41 terms. A Cox model is given just these
terms, with every hidden and missing value, and has only their weights to estimate, by maximum
likelihood; baseline hazard and competing death are the true ones. What it loses to the oracle is
the chance in the events of a cohort of that size: no method that must find out the form, and sees
less, can be expected to lose less. Cohorts and the patients judged on are those of
`benchmarks.alternatives`.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from rich.console import Console

from benchmarks.alternatives.simulated import HORIZON, N_TEST, SIZES, TEST_SEED, endpoint_of
from features.array_types import FloatArray
from features.simulation.calcium import DENSITY_CENTRE
from features.simulation.cohort import draw_complete, simulate_cohort
from features.simulation.draws import Columns, Draws, sigmoid
from features.simulation.outcomes import true_risk
from models.learners.partial_likelihood import RiskSets
from models.learners.penalised_cox import fit_penalised_cox
from models.learners.prior import Gaussian
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp


def main() -> None:
    """Fit and print one line per size."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    judge = _Judge()
    console = Console(width=120)
    console.print("| patients | cohorts | C below the oracle's (range) | risk off by, points |")
    console.print("|---:|---:|---:|---:|")
    for size in SIZES:
        # one cohort of the largest size says enough, and takes as long as all others
        seeds = range(repeats if size < max(SIZES) else 1)
        gaps, errors = np.array([judge.measure(*_fit(size, seed)) for seed in seeds]).T
        spread = f"{gaps.mean():.4f} ({gaps.min():.4f} to {gaps.max():.4f})"
        console.print(f"| {size:,} | {len(seeds)} | {spread} | {errors.mean():.2f} |")


def true_terms(patient: Columns) -> pd.DataFrame:
    """(n, 41): what `event_margin` weighs, from complete patients."""

    def numbers(name: str) -> FloatArray:
        return patient[name].astype(np.float64)

    score, age = np.log1p(numbers("_untreated_agatston")), numbers("age") - 62
    volume, status = numbers("cac_volume"), patient["smoking_status"]
    usual = DENSITY_CENTRE + 0.25 * (np.log(np.maximum(volume, 4)) - 4.4)
    density = (patient["_native_density"] - usual) * (score > 0)
    since = np.nan_to_num(numbers("years_since_quitting"))
    few = patient["_untreated_agatston"] < 300
    terms = {
        "calcium": score,
        "calcium by age": age * score,
        "calcium by diabetes": numbers("diabetes") * score,
        "density": density,
        "density at small volume": density * sigmoid((130 - volume) / 25),
        "vessels": np.clip(numbers("_vessels") - 1, 0, 3) * few,
        "left main": patient["cac_agatston_lm"] > 0,
        "age": age,
        "pressure": np.maximum(patient["_usual_sbp"] - 112, 0),
        "current": status == "current",
        "former": np.where(status == "former", np.exp(-since / 10), 0),
        "pack-years": np.minimum(numbers("pack_years"), 60),
        "hba1c": np.maximum(numbers("hba1c") - 6.5, 0),
        "egfr": np.maximum(60 - numbers("egfr"), 0),
        "antiplatelet": patient["antiplatelet"] != "none",
        "activity": np.minimum(numbers("activity_minutes"), 300),
        "calcium supplement": numbers("calcium_supplement") >= 500,
    }
    terms |= {name: np.log(numbers(name)) for name in ("lpa_mass", "uacr", "hscrp")}
    terms |= {name: numbers(name) for name in _AS_THEY_ARE}
    return pd.DataFrame(terms).astype(np.float64)


_AS_THEY_ARE = (
    *("_treated_ldl", "_statin", "_male", "bp_treated", "ras_inhibitor", "hdl_cholesterol"),
    *("diabetes", "family_history", "prior_cad", "prior_stroke", "prior_pad", "prior_aaa"),
    *("carotid_stenosis", "carotid_imt", "icosapent_ethyl", "colchicine", "sglt2_inhibitor"),
    *("glp1_agonist", "mediterranean_score", "magnesium", "_growth"),
)


def _fit(n_patients: int, seed: int) -> tuple[pd.Series, pd.Series]:
    """Means of the terms and their estimated weights."""
    patient, _ = draw_complete(Draws(seed, n_patients))
    terms = true_terms(patient)
    endpoint = endpoint_of(simulate_cohort(n_patients, seed, with_lesions=False))
    # a term that nobody of a small cohort has cannot be weighed
    scale = terms.std().where(terms.std() > 0, np.inf)
    standard = ((terms - terms.mean()) / scale).to_numpy()
    sets, free = RiskSets(endpoint.time, endpoint.event == 1), Gaussian.ridge(len(scale), 0.0)
    nobody = ~np.isfinite(scale.to_numpy())
    weights, _ = fit_penalised_cox(standard, sets, free, left_out=nobody)
    return terms.mean(), pd.Series(weights, terms.columns) / scale


class _Judge:
    """The patients that the alternatives are judged on, and what is true of them."""

    def __init__(self) -> None:
        patient, _ = draw_complete(Draws(TEST_SEED, N_TEST))
        cohort = simulate_cohort(N_TEST, TEST_SEED, with_lesions=False)
        self.terms, self.age = true_terms(patient), patient["age"].astype(np.float64)
        self.follow_up = FollowUp.of(endpoint_of(cohort))
        names = ("event_margin", "death_margin", f"true_risk_{HORIZON:g}y")
        self.margin, self.death, self.truth = (cohort.truth[name].to_numpy() for name in names)
        self.oracle = harrell_c(self.follow_up, self.truth, HORIZON)

    def measure(self, means: pd.Series, weights: pd.Series) -> tuple[float, float]:
        """What C is below the oracle's, and the root mean squared error of risk in points."""
        relative = ((self.terms - means) @ weights).to_numpy()
        margin = relative - relative.mean() + self.margin.mean()
        risk = true_risk(margin, self.death, self.age, HORIZON)
        error = 100 * np.sqrt(np.mean((risk - self.truth) ** 2))
        return self.oracle - harrell_c(self.follow_up, risk, HORIZON), error


if __name__ == "__main__":
    main()
