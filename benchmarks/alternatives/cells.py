"""A cell is one (cohort, method, repeat, fold): run in a process of its own, kept as a JSON file.

A cell that is there is not run again unless the code, the versions or the limits it was computed
with have changed; so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.alternatives.cohort import BenchmarkCohort
from benchmarks.alternatives.machine import describe_machine
from benchmarks.alternatives.methods.method import Budget
from benchmarks.alternatives.registry import Entry
from benchmarks.alternatives.ruler import ruler
from benchmarks.alternatives.scores import score_risks
from features.array_types import FloatArray
from features.endpoint import Endpoint
from features.splits import cross_validation_folds

OUTER_SEED = 20261

# imported once by the server that cells are forked from; what is not installed is left out there
_PRELOADED = (
    *("benchmarks.alternatives.cells", "xgboost", "sklearn.ensemble", "scipy.stats"),
    *("sksurv.ensemble", "catboost", "numba"),
)


@dataclass(frozen=True)
class Limits:
    """What a cell may cost: CPU seconds, gibibytes, trials; and how its cohort is divided."""

    cpu_seconds: float = 300.0
    memory_gib: float = 8.0
    n_trials: int = 6
    n_folds: int = 5


@dataclass(frozen=True)
class Part:
    """One fold of one repeat: the patients fitted on and those judged on."""

    repeat: int
    fold: int
    fit: tuple[Any, Endpoint]
    judge: tuple[Any, Endpoint]


def divide(cohort: BenchmarkCohort, repeat: int, n_folds: int) -> Iterator[Part]:
    """The parts of a repeat: one where the patients to judge on are set apart, else the folds."""
    everyone = (cohort.features, cohort.endpoint)
    if cohort.test is not None:
        yield Part(repeat, 0, everyone, cohort.test)
        return
    folds = cross_validation_folds(cohort.endpoint, n_folds, OUTER_SEED + repeat)
    for number, (rows, held_out) in enumerate(folds):
        fit, judge = (
            (cohort.features.iloc[some].reset_index(drop=True), cohort.endpoint.take(some))
            for some in (rows, held_out)
        )
        yield Part(repeat, number, fit, judge)


def cell_path(folder: Path, cohort: str, method: str, repeat: int, fold: int) -> Path:
    """Where the cell is kept."""
    return folder / cohort / method / f"{repeat}-{fold}.json"


def is_done(path: Path, cohort: BenchmarkCohort, entry: Entry, limits: Limits) -> bool:
    """Whether the cell is there and still valid; a failure is, unless it may now cost more."""
    if not path.is_file():
        return False
    kept, now = json.loads(path.read_text()), asdict(limits)
    same = all(kept["limits"][name] == now[name] for name in ("n_trials", "n_folds"))
    enough = all(kept["limits"][name] >= now[name] for name in ("cpu_seconds", "memory_gib"))
    made_with = tuple(kept.get(name) for name in ("data", "code", "ruler"))
    unchanged = made_with == (cohort.fingerprint, entry.fingerprint(), ruler())
    return same and unchanged and ("scores" in kept or enough)


def run_cell(
    path: Path, cohort: BenchmarkCohort, part: Part, entry: Entry, limits: Limits
) -> dict[str, Any]:
    """Run the cell within its limits and keep what came of it, a failure with its error."""
    record: dict[str, Any] = {
        "cohort": cohort.name,
        "method": entry.name,
        "repeat": part.repeat,
        "fold": part.fold,
        "data": cohort.fingerprint,
        "code": entry.fingerprint(),
        "ruler": ruler(),
        "versions": entry.versions(),
        "limits": asdict(limits),
        "patients": [len(part.fit[1]), len(part.judge[1])],
        "events": [part.fit[1].n_events, part.judge[1].n_events],
        "machine": describe_machine(),
        "load": os.getloadavg()[0],
    }
    answer = _in_own_process(cohort, part, entry, limits)
    risks = answer.pop("risks", None)
    record |= answer
    if risks is not None:
        try:
            record["scores"] = score_risks(
                part.judge[1], risks, cohort.times, cohort.horizons, cohort.truth
            )
        except ValueError as error:
            record["error"] = f"ValueError: {error}"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.part")
    draft.write_text(json.dumps(record, indent=1))
    draft.replace(path)
    return record


def _in_own_process(
    cohort: BenchmarkCohort, part: Part, entry: Entry, limits: Limits
) -> dict[str, Any]:
    # not forked from here: threads of a fit in this process would be waited for without end
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(send, cohort, part, entry, limits))
    process.start()
    send.close()
    # what waits for others' work is not counted, so the clock gets more than the processor
    answer: dict[str, Any] = {"error": "no answer"}
    patience = 6 * limits.cpu_seconds + 60
    if receive.poll(patience):
        try:
            answer = receive.recv()
        except EOFError:
            answer = {}
    else:
        process.kill()
        answer = {"error": f"clock: stopped after {patience:.0f} s"}
    process.join()
    if not answer:
        answer = {"error": _ending(process.exitcode, limits)}
    return answer


def _ending(exit_code: int | None, limits: Limits) -> str:
    if exit_code == -signal.SIGXCPU:
        return f"time: more than {limits.cpu_seconds:.0f} s of one processor"
    return f"the process ended with code {exit_code}"


def _work(
    send: Connection, cohort: BenchmarkCohort, part: Part, entry: Entry, limits: Limits
) -> None:
    """In the child: fit, predict, send risks with what they cost."""
    _limit(limits)
    try:
        send.send(_fit_and_predict(cohort, part, entry, limits))
    except MemoryError:
        send.send({"error": f"memory: more than {limits.memory_gib:g} GiB"})
    except Exception as error:  # noqa: BLE001 - a failure is a result: kept, counted and shown
        send.send({"error": f"{type(error).__name__}: {error}"[:500]})


def _fit_and_predict(
    cohort: BenchmarkCohort, part: Part, entry: Entry, limits: Limits
) -> dict[str, Any]:
    competing = bool(part.fit[1].n_competing)
    method = entry.make(competing)
    budget = Budget(n_trials=limits.n_trials, seed=part.repeat, cpu_seconds=limits.cpu_seconds)
    at_start, clock, processor = _peak_mib(), time.perf_counter(), time.process_time()
    method.fit(*part.fit, cohort.times, budget)
    fitted, fitted_clock = time.process_time(), time.perf_counter()
    risks: FloatArray = np.asarray(method.predict_risk(part.judge[0], cohort.times), np.float64)
    return {
        "risks": risks,
        "fit_cpu_seconds": fitted - processor,
        "fit_seconds": fitted_clock - clock,
        "predict_cpu_seconds": time.process_time() - fitted,
        "peak_mib": _peak_mib() - at_start,
        "trials": budget.trials_done,
        "chosen": budget.chosen,
    }


def _limit(limits: Limits) -> None:
    ceiling = int(limits.memory_gib * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
    allowed = int(time.process_time() + limits.cpu_seconds) + 1
    # at the first the kernel says why, at the second it kills whoever did not listen
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, allowed + 5))
    Path("/proc/self/clear_refs").write_text("5")  # forget what it took to start


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
