"""Goes through methods, cohorts and folds, and runs what is missing, in one process or several."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from rich.console import Console

from benchmarks.alternatives.cells import Limits, cell_path, divide, is_done, run_cell
from benchmarks.alternatives.cohort import BenchmarkCohort
from benchmarks.alternatives.cohorts import SOURCES
from benchmarks.alternatives.registry import BY_NAME, METHODS, Entry
from benchmarks.alternatives.simulated import load_simulated

console = Console()


@dataclass(frozen=True)
class Errand:
    """A cell to run if it is missing. A fold that the cohort does not have is none."""

    folder: Path
    cohort: str
    method: str
    repeat: int
    fold: int
    limits: Limits


def run_all(
    folder: Path,
    cohorts: Sequence[str] | None,
    methods: Sequence[str] | None,
    repeats: int,
    limits: Limits,
    jobs: int = 1,
) -> None:
    """Run every cell that is missing: all of the first repeat, then the next; methods in turn.

    Methods are listed with the slow ones last, so that a run that is stopped has compared most of
    them everywhere. ``jobs`` cells run at a time, each on one processor. Raises KeyError where a
    cohort or a method is unknown.
    """
    names = list(cohorts) if cohorts else [source.name for source in SOURCES]
    usual = [entry.name for entry in METHODS if not entry.variant]
    entries = [BY_NAME[name] for name in methods or usual]
    here = [name for name in names if _is_here(name)]
    errands = [
        Errand(folder, name, entry.name, repeat, fold, limits)
        for repeat in range(repeats)
        for entry in entries
        if _is_installed(entry)
        for name in here
        for fold in range(limits.n_folds)
    ]
    for line in _work_off(errands, jobs):
        if line:
            console.print(line, soft_wrap=True)


def _work_off(errands: Sequence[Errand], jobs: int) -> Iterator[str]:
    if jobs == 1:
        yield from map(run_errand, errands)
        return
    # threads do: each waits for a cell in a process of its own
    with ThreadPoolExecutor(jobs) as workers:
        yield from workers.map(run_errand, errands)


def run_errand(errand: Errand) -> str:
    """Run the cell and say what came of it; an empty line where there was nothing to do."""
    cohort, entry = load(errand.cohort, errand.repeat), BY_NAME[errand.method]
    path = cell_path(errand.folder, cohort.name, entry.name, errand.repeat, errand.fold)
    if is_done(path, cohort, entry, errand.limits):
        return ""
    parts = divide(cohort, errand.repeat, errand.limits.n_folds)
    part = next((one for one in parts if one.fold == errand.fold), None)
    if part is None:
        return ""
    with _claim(path) as is_ours:
        # whoever held it before may have finished it
        if not is_ours or is_done(path, cohort, entry, errand.limits):
            return ""
        record = run_cell(path, cohort, part, entry, errand.limits)
    outcome = record.get("error") or (
        f"C {record['scores']['uno_c']:.4f} IBS {record['scores']['integrated_brier']:.4f} "
        f"{record['fit_cpu_seconds']:.1f} s"
    )
    return f"{cohort.name} {entry.name} {errand.repeat}-{errand.fold}: {outcome}"


@contextmanager
def _claim(path: Path) -> Iterator[bool]:
    """Whether the cell is ours to run; two runs over one folder never run a cell at a time."""
    lock = path.with_suffix(".lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
        lock.unlink(missing_ok=True)


@lru_cache(maxsize=4)
def load(name: str, repeat: int) -> BenchmarkCohort:
    """A real cohort, or ``simulated-<patients>``. Raises KeyError where there is no such cohort."""
    if name.startswith("simulated-"):
        return load_simulated(int(name.split("-")[1]), repeat)
    return {source.name: source for source in SOURCES}[name].load()


def _is_here(name: str) -> bool:
    if name.startswith("simulated-"):
        return True
    try:
        load(name, 0)
    except (FileNotFoundError, ImportError) as error:
        console.print(f"{name}: left out, {error}")
        return False
    return True


def _is_installed(entry: Entry) -> bool:
    try:
        entry.versions()
    except PackageNotFoundError as error:
        console.print(f"{entry.name}: left out, {error} is not installed")
        return False
    return True
