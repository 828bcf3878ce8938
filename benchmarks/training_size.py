"""How long training takes and how much memory it needs, by the size of the cohort.

    python benchmarks/training_size.py [patients ...]        (6800 50000 500000)

For each size a cohort is simulated, featurised and written once; then a process of its own reads
it, fits `RiskModel` with the recipe of params.yaml and reports its time, by part and in all, its
peak memory (of the whole process, after each part and before the fit) and its C-index on 50,000
other simulated patients.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from rich.console import Console

from features.derivation.catalogue import derive_features
from features.endpoint import Endpoint
from features.simulation.cohort import simulate_cohort
from models.learners.trees.binned import Binned
from models.learners.views import Views
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp
from models.risk import risk_model
from pipeline.settings.params import Params
from pipeline.training.recipe import make_model

SIZES = (6_800, 50_000, 500_000)
SEED, N_TEST = 7_001, 50_000
_GIB = 1024.0**2  # ru_maxrss counts KiB


def _write_cohort(n_patients: int, seed: int, folder: Path) -> None:
    cohort = simulate_cohort(n_patients, seed, with_lesions=False)
    derive_features(cohort.covariates).to_parquet(folder / "features.parquet")
    cohort.endpoint.to_parquet(folder / "endpoint.parquet")


def _read_cohort(folder: Path) -> tuple[pd.DataFrame, Endpoint]:
    table = pd.read_parquet(folder / "endpoint.parquet")
    endpoint = Endpoint(table["time"].to_numpy(), table["event"].to_numpy())
    return pd.read_parquet(folder / "features.parquet"), endpoint


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _GIB


def _watch(owner: object, name: str, told: list[dict[str, object]]) -> None:
    """Write down how long each call of a step takes, and the peak memory after it."""
    step = getattr(owner, name)

    def timed(*given: object, **named: object) -> object:
        start = time.perf_counter()
        result = step(*given, **named)
        seconds = round(time.perf_counter() - start, 1)
        told.append({"step": name, "seconds": seconds, "gib_peak": round(_peak(), 2)})
        return result

    setattr(owner, name, timed)


def _fit(folder: Path, test: Path) -> None:
    X, endpoint = _read_cohort(folder)
    steps: list[dict[str, object]] = []
    for owner, name in ((Views, "learn"), (Binned, "of")):
        _watch(owner, name, steps)
    for name in ("fit_linear_part", "fit_boosted_part", "assemble"):
        _watch(risk_model, name, steps)
    before, start, worked = _peak(), time.perf_counter(), time.process_time()
    params = Params.load()
    model = make_model(params.train, params.seed).fit(X, endpoint)
    seconds, peak = time.perf_counter() - start, _peak()
    worked = time.process_time() - worked
    X_test, observed = _read_cohort(test)
    risk = model.predict_risk(X_test, [10.0])[:, 0]
    told = {
        "patients": len(X),
        "events": endpoint.n_events,
        "features": len(model.feature_names_in_),
        "seconds": seconds,
        "cpu_seconds": worked,
        "gib_before": before,
        "gib_peak": peak,
        "c_index": harrell_c(FollowUp.of(observed), risk, 10.0),
        "steps": steps,
    }
    Console().print(json.dumps(told), soft_wrap=True)


def main(arguments: list[str]) -> None:
    """Measure every size named, or all."""
    if arguments[:1] == ["--fit"]:
        _fit(Path(arguments[1]), Path(arguments[2]))
        return
    sizes = [int(one) for one in arguments] or list(SIZES)
    with tempfile.TemporaryDirectory() as scratch:
        test = Path(scratch) / "test"
        test.mkdir()
        _run("--write", N_TEST, SEED - 1, test)
        for n_patients in sizes:
            folder = Path(scratch) / str(n_patients)
            folder.mkdir()
            _run("--write", n_patients, SEED, folder)
            _run("--fit", folder, test)


def _run(*arguments: object) -> None:
    command = [sys.executable, __file__, *map(str, arguments)]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        _write_cohort(int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
    else:
        main(sys.argv[1:])
