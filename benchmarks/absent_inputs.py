"""Is mean risk right where a file lacks a column, or a whole group? Simulated cohorts, truth known.

    python -m benchmarks.absent_inputs [cohorts] [patients] [table.csv]

Trains the whole recipe on fresh cohorts and scores new patients of the same world from files that
lack one column after the other, then every group of the dictionary, and from files of few columns:
age, sex and what is beside them in practice, or whatever else, drawn at random. In every other
cohort gaps are informative: three kinds of frailty, which no covariate tells, each of 6 % of the
patients, multiply the hazard of the event by 3 to 4, and whoever has one lacks a variable, two
variables or a group. A model learns there what a gap tells; it must not tell it of everybody where
a column is absent.
Mean predicted over mean true 10-year risk; beside it that of the whole file, which is as far from 1
as the chance in the cohort's events makes it.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from features.array_types import FloatArray
from features.cohort import Cohort
from features.derivation.catalogue import derive_features, learnable
from features.dictionary.dictionary import Dictionary
from features.endpoint import Endpoint
from features.simulation.cohort import draw_complete, simulate_cohort
from features.simulation.draws import Draws
from features.simulation.observation import observe
from features.simulation.outcomes import death_margin, draw_event_times, event_margin, true_risk
from models.estimator.risk_estimator import RiskEstimator, known_directions, known_priors
from models.estimator.saving import save_model
from models.risk.risk_model import RiskModel
from models.scorer import Scorer

HORIZON = 10.0
N_TEST = 3_000
LOW, HIGH = 0.93, 1.07
FRAIL, LOG_HAZARDS = 0.06, (1.1, 1.25, 1.4)
_GROUPS = ("lifestyle", "laboratory", "lipids", "mineral", "morphology")
_CLASSIC = ("systolic_bp", "smoking_status", "diabetes")
_FILES = {
    "age and sex": (),
    "classic and LDL": (*_CLASSIC, "ldl_cholesterol"),
    "Pooled Cohort Equations": (*_CLASSIC, "total_cholesterol", "hdl_cholesterol", "bp_treated"),
    "classic, LDL and calcium": (*_CLASSIC, "ldl_cholesterol", "cac_agatston"),
    "calcium": ("cac_agatston",),
}
_AT_RANDOM = 10
_WITH_A_DATE = ("prior_cac_agatston", "prior_scan_years")  # one of them alone is an error


def main() -> None:
    """Measure, print the worst and write every set of absent columns."""
    console = Console(width=120)
    n_cohorts = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    n_patients = int(sys.argv[2]) if len(sys.argv) > 2 else 4_000
    found = []
    for seed in range(1, n_cohorts + 1):
        kind = "informative" if seed % 2 else "at random"
        table = measure_cohort(seed, n_patients, is_informative=kind == "informative")
        found.append(table.assign(seed=seed, gaps=kind))
        low, high = table["ratio"].min(), table["ratio"].max()
        console.print(f"cohort {seed}, gaps {kind}: {low:.3f} to {high:.3f}")
    ratios = pd.concat(found, ignore_index=True)
    for line in summarise(ratios):
        console.print(line)
    if len(sys.argv) > 3:
        ratios.to_csv(sys.argv[3], index=False, float_format="%.4f")


@dataclass(frozen=True)
class World:
    """Who is frail in which way, and what is not recorded of them."""

    hidden: tuple[tuple[str, ...], ...]
    log_hazards: tuple[float, ...]

    @classmethod
    def draw(cls, seed: int, names: list[str]) -> World:
        """A variable, two variables and a group; age and sex are always known."""
        draws, known = np.random.default_rng(seed), Dictionary.load()
        free = [name for name in names if name not in ("age", "sex", *_WITH_A_DATE)]
        one, *two = draws.choice(free, 3, replace=False).tolist()
        group = str(draws.choice(_GROUPS))
        whole = tuple(name for name in names if known[name].group == group)
        return cls(((one,), tuple(two), whole), LOG_HAZARDS)

    def people(self, seed: int, n_patients: int) -> tuple[Cohort, FloatArray]:
        """A cohort, and each patient's true 10-year risk."""
        draws, simulated = Draws(seed, n_patients), simulate_cohort(n_patients, seed, False)
        patient, _ = draw_complete(draws)
        covariates, age = simulated.covariates.copy(), patient["age"].astype(np.float64)
        event, death = event_margin(patient), death_margin(patient)
        for kind, (names, log_hazard) in enumerate(zip(self.hidden, self.log_hazards, strict=True)):
            frail = draws.happens(f"frailty {kind}", FRAIL)
            event = event + log_hazard * frail
            for name in names:
                covariates[name] = covariates[name].mask(frail)
        years = draw_event_times(draws, event, death, age)
        seen = observe(draws, simulated.entry_date, *years)
        endpoint = Endpoint(seen["time"].to_numpy(), seen["event"].to_numpy())
        cohort = Cohort("simulated", covariates, endpoint)
        return cohort, true_risk(event, death, age, HORIZON)


def measure_cohort(seed: int, n_patients: int, *, is_informative: bool) -> pd.DataFrame:
    """absent, ratio, whole (the ratio of the whole file) for every column, group and short file."""
    names = [str(name) for name in simulate_cohort(100, seed, False).covariates]
    world = World.draw(seed, names) if is_informative else World((), ())
    cohort, _ = world.people(seed, n_patients)
    patients, truth = world.people(10_000 + seed, N_TEST)
    scorer = train(cohort, seed)

    def ratio(absent: tuple[str, ...]) -> float:
        rest = patients.covariates.drop(columns=list(absent))
        risk = scorer.score(rest, [HORIZON], n_reasons=0)[f"risk_{HORIZON:g}y"]
        return float(risk.mean() / truth.mean())

    whole, known = ratio(()), Dictionary.load()
    sets = {name: (name,) for name in names}
    for group in dict.fromkeys(known[name].group for name in names):
        sets[f"all of {group}"] = tuple(n for n in names if known[n].group == group)
    draws, others = np.random.default_rng(seed), [n for n in names if n not in ("age", "sex")]
    short = dict(_FILES)
    for number in range(_AT_RANDOM):
        drawn = draws.choice(others, draws.integers(1, 30), replace=False)
        short[f"drawn {number + 1}"] = tuple(map(str, drawn))
    for name, there in short.items():
        sets[f"only {name}"] = tuple(n for n in others if n not in there)
    gaps = {name for names_ in world.hidden for name in names_}
    return pd.DataFrame(
        [
            {
                "absent": name,
                "ratio": ratio(absent),
                "whole": whole,
                "tells": bool(gaps.intersection(absent)),
            }
            for name, absent in sets.items()
        ]
    )


def train(cohort: Cohort, seed: int) -> Scorer:
    """The recipe as users get it, saved and read back."""
    model = RiskModel(monotone=known_directions(), priors=known_priors(), n_threads=1, seed=seed)
    X = learnable(derive_features(cohort.covariates))
    fitted = RiskEstimator(model, horizon=HORIZON).fit(X, cohort.endpoint)
    with tempfile.TemporaryDirectory() as folder:
        save_model(fitted, cohort, [HORIZON], folder, simulated=True)
        # only means are asked for here
        return replace(Scorer.load(Path(folder)), explainer=None, interval=None)


def summarise(ratios: pd.DataFrame) -> list[str]:
    """A table by kind of gaps and of what is absent, then the worst of all."""
    is_group = ratios["absent"].str.startswith("all of ")
    is_drawn = ratios["absent"].str.startswith("only drawn ")
    is_short = ratios["absent"].str.startswith("only ") & ~is_drawn
    is_column = ~(is_group | is_short | is_drawn)
    lines = [
        f"| gaps | absent | files | lowest | highest | outside {LOW} to {HIGH} | farthest from the "
        "whole file |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for gaps, own in ratios.groupby("gaps", sort=False):
        for what, mask in (
            ("one column", is_column),
            ("one column whose gaps tell", is_column & ratios["tells"]),
            ("a group", is_group),
            ("all but few in use", is_short),
            ("all but 3 to 31 at random", is_drawn),
        ):
            part = own[mask.loc[own.index]]
            if part.empty:
                continue
            outside = ~part["ratio"].between(LOW, HIGH)
            moved = (part["ratio"] / part["whole"] - 1).abs().max()
            lines.append(
                f"| {gaps} | {what} | {len(part):,} | {part['ratio'].min():.3f} | "
                f"{part['ratio'].max():.3f} | {outside.sum()} | {100 * moved:.1f} % |"
            )
    worst = ratios.loc[(ratios["ratio"] - 1).abs().idxmax()]
    whole = ratios.groupby("seed")["whole"].first()
    lines.append(
        f"Worst: {worst['absent']} absent, cohort {worst['seed']}, {worst['ratio']:.3f} (whole "
        f"file {worst['whole']:.3f}). Whole files: {whole.min():.3f} to {whole.max():.3f}."
    )
    return lines


if __name__ == "__main__":
    main()
