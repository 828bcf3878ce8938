"""Truth of reasons, of groups and of intervals, over several trainings.

    python -m benchmarks.true_reasons [trainings] [patients] [--worlds N] [--methods calcirisk,EBM]
        [--first 200]

A training is a new simulated cohort, drawn by its number; all are judged on the same 20,000
patients. Reasons are held against the same explanation of the true hazards, summed to what a
clinician would name as one thing (`things.py`). ``--worlds``: as many worlds that contradict the
ledger, each true effect times 0 to 2 and a tenth with the wrong sign.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import numpy as np
import pandas as pd
from rich.console import Console

from benchmarks.true_reasons.measures import judge_groups, judge_reasons
from benchmarks.true_reasons.methods import METHODS, Reason
from benchmarks.true_reasons.things import draw_factors
from benchmarks.true_reasons.world import World, draw_world, true_contributions
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp
from models.risk.risk_model import RiskModel

N_JUDGED, JUDGED_SEED, EXPLAINED = 20_000, 9_999, 5_000
FIRST_SEED = 100
HORIZON = 10.0


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("trainings", nargs="?", type=int, default=8)
    parser.add_argument("patients", nargs="?", type=int, default=6_800)
    parser.add_argument("--worlds", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first training")
    parser.add_argument("--methods", default=",".join(METHODS), help="default: all")
    asked = parser.parse_args()
    methods = {name: METHODS[name] for name in asked.methods.split(",")}
    console = Console(width=140)
    rows: list[dict[str, object]] = []
    groups: dict[str, list[pd.DataFrame]] = {}
    for place in range(max(asked.trainings, asked.worlds)):
        number = asked.first + place
        worlds = []
        if place < asked.trainings:
            worlds.append(("as published", None))
        if place < asked.worlds:
            worlds.append(("contradicting", draw_factors(number)))
        for name, factors in worlds:
            judged = draw_world(N_JUDGED, JUDGED_SEED, factors)
            fitted = draw_world(asked.patients, FIRST_SEED + number, factors)
            found = _measure(methods, fitted, judged, number, groups.setdefault(name, []))
            rows += [{"world": name, "method": method, **found[method]} for method in found]
            console.print(f"training {number}, world {name}", style="dim")
    table = pd.DataFrame(rows)
    means = table.groupby(["world", "method"], sort=False).mean(numeric_only=True)
    console.print(means.round(4).to_markdown())
    for name, judged_groups in groups.items():
        if judged_groups:
            stacked = pd.concat(judged_groups, keys=range(len(judged_groups)))
            by_group = stacked.groupby(level=1, sort=False).agg(["mean", "min", "max"])
            console.print(
                f"{name}, {len(judged_groups)} trainings:\n{by_group.round(3).to_markdown()}"
            )


def _measure(
    methods: Mapping[str, Reason],
    fitted: World,
    judged: World,
    seed: int,
    groups: list[pd.DataFrame],
) -> dict[str, dict[str, float]]:
    few = np.arange(EXPLAINED)
    explained = World(
        judged.covariates.iloc[few],
        judged.features.iloc[few],
        judged.endpoint.take(few),
        judged.terms.iloc[few],
        judged.death[few],
        judged.risk[few],
    )
    true = true_contributions(explained, judged)
    follow_up = FollowUp.of(judged.endpoint)
    oracle = harrell_c(follow_up, judged.risk, HORIZON)
    found = {}
    for method, reason in methods.items():
        reasoned = reason(fitted, explained.features, seed)
        risk = reasoned.model.predict_risk(judged.features, [HORIZON])[:, 0]
        judgement = judge_reasons(reasoned.contributions, true, explained.covariates)
        found[method] = {
            "C below oracle": oracle - harrell_c(follow_up, risk, HORIZON),
            "risk off by, points": 100 * float(np.sqrt(np.mean((risk - judged.risk) ** 2))),
            **judgement.to_dict(),
        }
        if isinstance(reasoned.model, RiskModel) and method == "calcirisk":
            groups.append(judge_groups(reasoned.model, judged))
    return found


if __name__ == "__main__":
    main()
