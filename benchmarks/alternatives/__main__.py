"""Run the cells that are missing, then write tables, figures and the page's numbers.

python -m benchmarks.alternatives run [--cohorts a,b] [--methods a,b] [--repeats 1]
        [--jobs 1]
python -m benchmarks.alternatives report
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

WORK = Path(__file__).parent / ".work"
CELLS = WORK / "cells"


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and do what it asks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alternatives")
    parser.add_argument("task", nargs="?", choices=("all", "run", "report"), default="all")
    parser.add_argument("--cohorts", help="names, separated by commas; default: all real ones")
    parser.add_argument("--methods", help="names, separated by commas; default: all")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time, a processor each")
    parser.add_argument("--cpu-seconds", type=float, default=300.0, help="limit of a cell")
    parser.add_argument("--memory-gib", type=float, default=8.0, help="limit of a cell")
    parser.add_argument("--cells", type=Path, default=CELLS, help="folder of the cells")
    given = parser.parse_args(arguments)
    warnings.filterwarnings("ignore")
    if given.task in ("all", "run"):
        from benchmarks.alternatives.cells import Limits
        from benchmarks.alternatives.running import run_all

        limits = Limits(given.cpu_seconds, given.memory_gib)
        names = given.cohorts.split(",") if given.cohorts else None
        methods = given.methods.split(",") if given.methods else None
        run_all(given.cells, names, methods, given.repeats, limits, given.jobs)
    if given.task in ("all", "report"):
        from benchmarks.alternatives.report import write_report

        write_report(given.cells)


if __name__ == "__main__":
    main()
