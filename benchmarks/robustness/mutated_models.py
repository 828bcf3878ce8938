"""Models' folders that a stranger changed and sealed again: refused, or used without a crash.

    python -m benchmarks.robustness.mutated_models FOLDER [FOLDER ...] [--mutations 10000]

Each folder is that of a risk model or of a progression model. Every mutation is tried twice: as
it is, when the digest must refuse it, and sealed again, when whatever can be read must be refused
with a sentence, or give each patient a risk, intervals and reasons, or a forecast, that are numbers
within their bounds. It is loaded in a process of its own, which a crash ends: that, a traceback and
a wait of five minutes are findings, and are printed.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.robustness.mutations import mutate
from features.errors import CalciriskError
from models.storage.model_folder import read_about, seal_model_folder

_ROOT = Path(__file__).parents[2]
_PATIENCE = 300.0
_PATIENTS = 40
_COLUMNS = (
    *("age", "sex", "diabetes", "family_history", "cac_agatston", "mean_density", "smoking"),
    *("ldl_cholesterol", "hdl_cholesterol", "systolic_bp", "bmi", "glucose", "statin"),
    *("prior_cac_agatston", "prior_scan_years", "egfr"),
)


@dataclass(frozen=True)
class Tried:
    """``end``: refused, same, other or a finding; ``what``: the file, and what was said."""

    number: int
    end: str
    what: str
    seconds: float


def try_mutations(folder: Path, n: int, seed: int, first: int = 0) -> Iterator[Tried]:
    """Mutate a copy of the folder, one thing at a time, from ``first`` to ``n``; how each ended."""
    with tempfile.TemporaryDirectory() as place:
        done = first
        while done < n:
            copy = Path(place) / "model"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(folder, copy)
            for one in _try_in_process(copy, done, n, seed):
                done = one.number + 1
                yield one


def _try_in_process(folder: Path, first: int, n: int, seed: int) -> Iterator[Tried]:
    """What a process says of its mutations, until it is done or one has ended it."""
    command = child_command(folder, first, n, seed)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
    assert process.stdout is not None
    number, started = first - 1, time.monotonic()
    try:
        while select.select([process.stdout], [], [], _PATIENCE)[0]:
            line = process.stdout.readline()
            if not line:
                break
            told = Tried(*json.loads(line))
            number, started = told.number, time.monotonic()
            yield told
            if number == n - 1:
                return
    finally:
        process.kill()
        code = process.wait()
        process.stdout.close()
    waited = time.monotonic() - started
    if number < first:
        raise RuntimeError(f"the folder as it is cannot be used (exit code {code})")
    what = "no answer" if waited > _PATIENCE else f"the process ended with {code}"
    name = choose(folder, number + 1, seed)[0].name
    yield Tried(number + 1, "crash", f"{name}: {what}", waited)


def child_command(folder: Path, first: int, n: int, seed: int) -> list[str]:
    """What runs `run_child` in a process of its own."""
    command = [
        sys.executable,
        "-W",
        "error::RuntimeWarning",
        "-m",
        "benchmarks.robustness.mutated_models",
        "--child",
        str(folder),
    ]
    return [*command, "--mutations", str(n), "--first", str(first), "--seed", str(seed)]


def choose(folder: Path, number: int, seed: int) -> tuple[Path, random.Random]:
    """The file of a mutation, and the draws that change it."""
    draw = random.Random(f"{seed} {number}")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return draw.choice(files), draw


def run_child(folder: Path, first: int, n: int, seed: int) -> None:
    """Try mutations from ``first`` on, and say of each how it ended."""
    from features.simulation import simulate_cohort

    covariates = simulate_cohort(300, 1, with_lesions=False).covariates
    rows = covariates.head(_PATIENTS)[[name for name in _COLUMNS if name in covariates]]
    use = use_progression if (folder / "progression").is_dir() else use_risk
    honest = use(folder, rows)
    if use(folder, rows) != honest:
        raise AssertionError("the same folder gives other numbers the second time")
    for number in range(first, n):
        path, draw = choose(folder, number, seed)
        before, started = path.read_bytes(), time.monotonic()
        changed = mutate(before, path.name, draw)
        path.write_bytes(changed)
        end, what = judge(folder, path, changed == before, lambda: use(folder, rows), honest)
        path.write_bytes(before)
        told = [number, end, f"{path.name}: {what}", time.monotonic() - started]
        print(json.dumps(told), flush=True)  # noqa: T201


def judge(
    folder: Path, path: Path, is_same: bool, use: Callable[[], str], honest: str
) -> tuple[str, str]:
    """How a changed folder ended, and what was said. Leaves ``about.json`` as it was."""
    about = folder / "about.json"
    sealed = about.read_bytes()
    try:
        if not is_same:
            try:
                if use() != honest:
                    return "finding", "used without its seal, with other numbers"
            except CalciriskError:
                pass
            if path != about:
                seal_model_folder(folder, replace(read_about(folder), digest=""))
        found = use()
    except CalciriskError as error:
        return "refused", str(error).replace(str(folder), "")[:200]
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "finding", f"{type(error).__name__} {error} at {last.filename}:{last.lineno}"
    finally:
        if path != about:
            about.write_bytes(sealed)
    return ("same" if found == honest else "other"), ""


def use_risk(folder: Path, rows: pd.DataFrame) -> str:
    """Load, score, explain, by numpy and compiled, and compare with the profile."""
    from models.compiled.compiled_scorer import compile_scorer
    from models.scorer import Scorer

    scorer, said = Scorer.load(folder), ""
    for one in (scorer, compile_scorer(scorer, 1)):
        scored = one.score(rows, n_reasons=2)
        _require_numbers(scored, "risk_", 0.0, 1.0)
        said += scored.to_csv()
    return said + compare(folder, rows)


def use_progression(folder: Path, rows: pd.DataFrame) -> str:
    """Load, forecast and explain, by numpy and compiled."""
    from models.progression.compiled_progression import compile_forecaster
    from models.progression.forecaster import Forecaster

    forecaster, said = Forecaster.load(folder), ""
    for one in (forecaster, compile_forecaster(forecaster)):
        told = one.forecast(rows, n_reasons=2)
        _require_numbers(told, "above_", 0.0, 1.0)
        _require_numbers(told, "cac_", 0.0, np.finfo(np.float64).max)
        said += told.to_csv()
    return said + compare(folder, rows)


def compare(folder: Path, rows: pd.DataFrame) -> str:
    """What there is to say of patients beside the profile of those that the model learnt from."""
    from models.drift.comparison import compare_covariates, compare_outputs
    from models.drift.profile import PROFILE, Profile
    from pipeline.monitoring.opening import open_watched

    if not (folder / PROFILE).is_file():
        return ""
    profile, predicted = Profile.load(folder / PROFILE), open_watched(folder).predict(rows)
    return repr([*compare_covariates(profile, rows), *compare_outputs(profile, predicted)])


def _require_numbers(table: pd.DataFrame, beginning: str, low: float, high: float) -> None:
    """Raises AssertionError where a column of numbers is empty or out of bounds in some rows."""
    for name in table:
        column = table[name]
        if str(name).startswith(beginning) and column.dtype.kind == "f":
            inside = column.between(low, high)
            if not inside.all() and not column.isna().all():
                raise AssertionError(f"{name} is out of bounds in {int((~inside).sum())} rows")


def main() -> None:
    """Try the mutations; print findings as they come, then a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", type=Path)
    parser.add_argument("--first", type=int, default=0, help="go on with this mutation")
    options = parser.parse_args()
    if options.child is not None:
        run_child(options.child, options.first, options.mutations, options.seed)
        return
    n_findings = 0
    for folder in options.folders:
        n_findings += report(folder, options.first, options.mutations, options.seed)
    sys.exit(1 if n_findings else 0)


def report(folder: Path, first: int, n: int, seed: int) -> int:
    """Try and print; how many findings."""
    ends: Counter[str] = Counter()
    slowest, started = 0.0, time.monotonic()
    findings: Counter[Any] = Counter()
    for one in try_mutations(folder, n, seed, first):
        ends[one.end] += 1
        slowest = max(slowest, one.seconds)
        if one.end in ("crash", "finding"):
            findings[one.what] += 1
            if findings[one.what] == 1:
                _say(f"{one.number}", f"{one.end}: {one.what}")
    _say("folder", str(folder))
    for end in ("refused", "same", "other", "finding", "crash"):
        _say(f"  {end}", f"{ends[end]:,}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    _say("  slowest, s", f"{slowest:.1f}")
    _say("  together, s; peak, MiB", f"{time.monotonic() - started:.0f}; {peak:.0f}")
    return ends["finding"] + ends["crash"]


def _say(what: str, figure: str) -> None:
    print(f"{what:24} {figure}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
