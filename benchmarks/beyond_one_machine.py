"""What becomes of XGBoost's Cox objective when the rows are not all in one place.

    python benchmarks/beyond_one_machine.py [patients, default 50000] [columns, default 100]

Four ways to fit the same boosted part (depth 3, 200 rounds) on drawn patients: all rows in memory;
rows in external memory (blocks read from disk, bins kept on disk); rows dealt to two workers that
sum their histograms, as Dask and Spark do; the same with the rows in order of time, as a table by
date of exit has them. Each runs in a process of its own; told are its time, its peak memory, its
partial likelihood and C-index on other patients and how far its margins lie from the first's.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console

from features.array_types import FloatArray
from features.endpoint import CENSORED, EVENT, Endpoint
from models.learners.partial_likelihood import RiskSets, log_likelihood
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp

ROUNDS, BATCHES, N_TEST = 200, 8, 50_000
SETTINGS = {
    "objective": "survival:cox",
    "tree_method": "hist",
    "max_depth": 3,
    "learning_rate": 0.05,
    "min_child_weight": 10,
    "nthread": 1,
}


def draw(n_patients: int, n_columns: int, seed: int) -> tuple[npt.NDArray[np.float32], FloatArray]:
    """Features (n, p), a twentieth missing, and the Cox label (n,): negative where censored."""
    draws = np.random.default_rng(seed)
    features = draws.normal(size=(n_patients, n_columns)).astype(np.float32)
    margin = features[:, :5] @ np.array([0.8, -0.5, 0.4, -0.3, 0.2]) + 0.5 * (features[:, 5] > 1)
    event_time = draws.exponential(1 / (0.02 * np.exp(margin)))
    censoring = draws.uniform(2, 12, n_patients)
    features[draws.random(features.shape) < 0.05] = np.nan
    time_ = np.minimum(event_time, censoring)
    return features, np.where(event_time <= censoring, time_, -time_)


def fit_in_memory(folder: Path) -> bytearray:
    """All rows at once, in blocks that are put together first."""
    import xgboost

    parts = [np.load(path) for path in sorted(folder.glob("part-*.npz"))]
    features = np.concatenate([part["features"] for part in parts])
    label = np.concatenate([part["label"] for part in parts])
    del parts
    matrix = xgboost.QuantileDMatrix(features, label=label, nthread=1)
    del features
    return xgboost.train(SETTINGS, matrix, ROUNDS).save_raw()


def fit_external(folder: Path) -> bytearray:
    """A block at a time; bins wait on disk."""
    import xgboost

    class Blocks(xgboost.DataIter):  # type: ignore[misc]
        def __init__(self) -> None:
            self.files, self.at = sorted(folder.glob("part-*.npz")), 0
            super().__init__(cache_prefix=str(folder / "cache"), on_host=False)

        def next(self, input_data: Any) -> bool:
            if self.at == len(self.files):
                return False
            part = np.load(self.files[self.at])
            input_data(data=part["features"], label=part["label"])
            self.at += 1
            return True

        def reset(self) -> None:
            self.at = 0

    matrix = xgboost.ExtMemQuantileDMatrix(Blocks(), nthread=1)
    return xgboost.train(SETTINGS, matrix, ROUNDS).save_raw()


def fit_dealt(folder: Path) -> bytearray:
    """Every second block in each of two workers: patients as if by lot."""
    return _fit_divided(folder, by_time=False)


def fit_in_order(folder: Path) -> bytearray:
    """The earlier half of the times in one worker, the later in the other."""
    return _fit_divided(folder, by_time=True)


def _fit_divided(folder: Path, by_time: bool) -> bytearray:
    from xgboost.tracker import RabitTracker

    tracker = RabitTracker(host_ip="127.0.0.1", n_workers=2)
    tracker.start()
    arguments = tracker.worker_args()
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        models = pool.starmap(_fit_half, [(folder, i, by_time, arguments) for i in (0, 1)])
    tracker.wait_for()
    return bytearray(models[0])


def _fit_half(folder: Path, half: int, by_time: bool, arguments: dict[str, Any]) -> bytes:
    import xgboost

    with xgboost.collective.CommunicatorContext(**arguments):
        paths = sorted(folder.glob("part-*.npz"))
        parts = [np.load(path) for path in (paths if by_time else paths[half::2])]
        features = np.concatenate([part["features"] for part in parts])
        label = np.concatenate([part["label"] for part in parts])
        if by_time:
            rows = np.array_split(np.argsort(np.abs(label)), 2)[half]
            features, label = features[rows], label[rows]
        matrix = xgboost.QuantileDMatrix(features, label=label, nthread=1)
        return bytes(xgboost.train(SETTINGS, matrix, ROUNDS).save_raw())


WAYS = {
    "in memory": fit_in_memory,
    "external memory": fit_external,
    "two workers, rows dealt": fit_dealt,
    "two workers, rows by time": fit_in_order,
}


def _run(way: str, folder: Path, test: Path, queue: Any) -> None:
    import xgboost

    start = time.perf_counter()
    booster = xgboost.Booster(model_file=WAYS[way](folder))
    seconds = time.perf_counter() - start
    who = resource.RUSAGE_CHILDREN if way.startswith("two") else resource.RUSAGE_SELF
    peak = resource.getrusage(who).ru_maxrss / 1024**2
    margin = booster.inplace_predict(np.load(test)["features"], predict_type="margin")
    queue.put((seconds, peak, np.asarray(margin, np.float64)))


def main(n_patients: int, n_columns: int) -> None:
    """Measure every way on the same files."""
    console, context = Console(), multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as scratch:
        folder, test = Path(scratch), Path(scratch) / "test.npz"
        for part in range(BATCHES):
            features, label = draw(n_patients // BATCHES, n_columns, 100 + part)
            np.savez(folder / f"part-{part}.npz", features=features, label=label)
        features, label = draw(N_TEST, n_columns, 99)
        np.savez(test, features=features, label=label)
        event = np.where(label > 0, EVENT, CENSORED).astype(np.int8)
        test_follow_up = FollowUp.of(Endpoint(np.abs(label), event))
        sets, first = RiskSets(np.abs(label), label > 0), np.zeros(N_TEST)
        for way in WAYS:
            queue = context.Queue()
            process = context.Process(target=_run, args=(way, folder, test, queue))
            process.start()
            seconds, peak, margin = queue.get()
            process.join()
            if way == "in memory":
                first = margin
            told = {
                "way": way,
                "patients": n_patients,
                "seconds": round(seconds, 1),
                "gib_peak": round(peak, 2),
                "c_index": harrell_c(test_follow_up, margin),
                "log_likelihood_per_event": log_likelihood(sets, margin) / sets.n_events,
                "largest_margin_difference": float(np.abs(margin - first).max()),
                "correlation": float(np.corrcoef(margin, first)[0, 1]),
            }
            console.print(json.dumps(told), soft_wrap=True)


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["50000"])[0]), int((sys.argv[2:] or ["100"])[0]))
