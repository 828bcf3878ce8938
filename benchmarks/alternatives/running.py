"""Goes through cohorts, methods and folds, and runs what is missing."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from rich.console import Console

from benchmarks.alternatives.cells import Limits, cell_path, divide, is_done, run_cell
from benchmarks.alternatives.cohort import BenchmarkCohort
from benchmarks.alternatives.cohorts import SOURCES
from benchmarks.alternatives.registry import BY_NAME, METHODS, Entry
from benchmarks.alternatives.simulated import load_simulated

PRELOADED = ("xgboost", "sklearn.ensemble", "scipy.stats", "sksurv.ensemble", "catboost", "numba")

console = Console()


def run_all(
    folder: Path,
    cohorts: Sequence[str] | None,
    methods: Sequence[str] | None,
    repeats: int,
    limits: Limits,
) -> None:
    """Run every cell that is missing, the first repeat of all before the second of any.

    Raises KeyError where a cohort or a method is unknown.
    """
    names = list(cohorts) if cohorts else [source.name for source in SOURCES]
    entries = [BY_NAME[name] for name in methods] if methods else list(METHODS)
    usable = [entry for entry in entries if _is_installed(entry)]
    _preload()
    for repeat in range(repeats):
        for name in names:
            _run_cohort(folder, name, repeat, usable, limits)


def _run_cohort(
    folder: Path, name: str, repeat: int, entries: Sequence[Entry], limits: Limits
) -> None:
    try:
        cohort = load(name, repeat)
    except (FileNotFoundError, ImportError) as error:
        console.print(f"{name}: left out, {error}")
        return
    for entry in entries:
        for line in _run_entry(folder, cohort, repeat, entry, limits):
            console.print(line)


def _run_entry(
    folder: Path, cohort: BenchmarkCohort, repeat: int, entry: Entry, limits: Limits
) -> Iterator[str]:
    """One method in every fold, a line for each cell."""
    for part in divide(cohort, repeat, limits.n_folds):
        path = cell_path(folder, cohort.name, entry.name, repeat, part.fold)
        if is_done(path, cohort, entry, limits):
            continue
        record = run_cell(path, cohort, part, entry, limits)
        outcome = record.get("error") or (
            f"C {record['scores']['uno_c']:.4f} IBS {record['scores']['integrated_brier']:.4f} "
            f"{record['fit_cpu_seconds']:.1f} s"
        )
        yield f"{cohort.name} {entry.name} {repeat}-{part.fold}: {outcome}"


def load(name: str, repeat: int) -> BenchmarkCohort:
    """A real cohort, or ``simulated-<patients>``. Raises KeyError where there is no such cohort."""
    if name.startswith("simulated-"):
        return load_simulated(int(name.split("-")[1]), repeat)
    return {source.name: source for source in SOURCES}[name].load()


def _is_installed(entry: Entry) -> bool:
    try:
        entry.versions()
    except PackageNotFoundError as error:
        console.print(f"{entry.name}: left out, {error} is not installed")
        return False
    return True


def _preload() -> None:
    """Import once what every process would import for itself."""
    for name in PRELOADED:
        try:
            importlib.import_module(name)
        except ImportError:
            continue  # its methods have been left out by name already
