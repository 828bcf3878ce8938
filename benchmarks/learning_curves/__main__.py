"""Learning curves: C, Brier score and calibration by the number of events trained on.

    python -m benchmarks.learning_curves [--cohorts "framingham exam 1,smart"]
        [--events 70,140,280,0] [--methods calcirisk-directed,ridge-cox,xgb-cox]
        [--splits 8] [--noise plain,noise] [--trials 6]

Every cell that is not there yet is run, in this process; a run that was stopped goes on where it
was. A third of the patients is judged on, eight times anew; of the others so many are trained on
that they hold the events asked for (0: all). All methods get the same features, with ``noise``
forty columns more that say nothing. Cohorts are read as those of `benchmarks.alternatives`.
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

FOLDER = Path(__file__).parent / ".work"
METHODS = "calcirisk-directed,ridge-cox,xgb-cox"


def main() -> None:
    """Run and print."""
    from rich.console import Console

    from benchmarks.alternatives.registry import BY_NAME
    from benchmarks.learning_curves.cohorts import COHORTS
    from benchmarks.learning_curves.curves import Cell, run_cell, tabulate

    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning_curves")
    parser.add_argument("--cohorts", default=",".join(COHORTS))
    parser.add_argument("--events", default="70,140,280,0")
    parser.add_argument("--methods", default=METHODS)
    parser.add_argument("--noise", default="plain,noise")
    parser.add_argument("--splits", type=int, default=8)
    parser.add_argument("--trials", type=int, default=6, help="settings that rivals may try")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    console, done = Console(width=160), []
    for name in asked.cohorts.split(","):
        plain = COHORTS[name]()
        for noise in asked.noise.split(","):
            cohort = plain.with_noise() if noise == "noise" else plain
            for number in range(asked.splits):
                for events in map(int, asked.events.split(",")):
                    for method in asked.methods.split(","):
                        cell = Cell(name, noise == "noise", events, number, method)
                        found = run_cell(cell, cohort, BY_NAME[method], FOLDER, asked.trials)
                        if found is not None:
                            done.append((cell, found))
            console.print(f"{name}, {noise}: done", style="dim")
    failed = sum("error" in record for _, record in done)
    console.print(f"{failed} of {len(done)} cells failed; their splits are left out for all")
    console.print(tabulate(done).round(4).to_markdown(index=False))


if __name__ == "__main__":
    main()
