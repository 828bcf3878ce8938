"""Peak memory of `calcirisk score` by the number of patients, all else the same.

    python -m benchmarks.score_memory MODEL COHORT WORK [rows ...]      (1000000 10000000 50000000)

Ten columns and an identifier, drawn from the cohort into Parquet in WORK, one size after the other;
the command scores them to Parquet without reasons and intervals. Memory is that of the process and
its children. A size for which the disk has no room is refused before anything is written.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rich.console import Console

from benchmarks.score_population import FEW_COLUMNS, require_room, run_command, write_population

_SIZES = (1_000_000, 10_000_000, 50_000_000)


def main() -> None:
    """Measure and print a line for each size."""
    model, cohort, work = (Path(argument) for argument in sys.argv[1:4])
    sizes = [int(argument) for argument in sys.argv[4:]] or _SIZES
    work.mkdir(parents=True, exist_ok=True)
    console = Console(width=200)
    console.print(f"{len(FEW_COLUMNS)} columns, {os.cpu_count()} cores", markup=False)
    console.print("| patients | peak MiB | of it not of mapped files | wall, s | patients/s |")
    console.print("|---|---|---|---|---|")
    file = work / "patients.parquet"
    for n_rows in sizes:
        require_room(work, n_rows, len(FEW_COLUMNS))
        write_population(cohort, file, n_rows, FEW_COLUMNS)
        options = ("--reasons", "0", "--no-intervals")
        cost = run_command(model, file, work / "risks.parquet", *options)
        file.unlink()
        console.print(
            f"| {n_rows:,} | {cost.peak:,.0f} | {cost.peak_own:,.0f} | {cost.wall:,.0f} "
            f"| {n_rows / cost.wall:,.0f} |",
            markup=False,
        )


if __name__ == "__main__":
    main()
