"""Harrell's C: ours beside lifelines and scikit-survival, same arrays, same run.

    python benchmarks/concordance.py [table.md]

Seconds a call (median of five, the methods in turn, after one call in which loops are compiled),
the ratio to ours, and how far the values lie from ours. Memory: by how much the process grows at
its highest during one call, each in a process of its own that has called it once on few patients.
A method is left out of sizes at which one call would take minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from features.array_types import BoolArray, FloatArray

SIZES = (20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
LARGEST = {"calcirisk": 1_000_000, "lifelines": 1_000_000, "scikit-survival": 50_000}
REPEATS, WARM = 5, 1000

Call = Callable[[FloatArray, BoolArray, FloatArray], float]


def draw(n: int) -> tuple[FloatArray, BoolArray, FloatArray]:
    """Time in years, whether the event was seen (some 30 %), risk; no two times are equal."""
    draws = np.random.default_rng(n)
    margin = draws.normal(size=n)
    life = draws.exponential(20 / np.exp(margin))
    censoring = draws.uniform(0, 15, n)
    return np.minimum(life, censoring), life <= censoring, margin + draws.normal(0, 1, n)


def ours(time_: FloatArray, seen: BoolArray, risk: FloatArray) -> float:
    """From the raw arrays, sorting included."""
    from features.endpoint import Endpoint
    from models.metrics.concordance import harrell_c
    from models.metrics.follow_up import FollowUp

    return harrell_c(FollowUp.of(Endpoint(time_, seen.astype(np.int8))), risk)


def lifelines(time_: FloatArray, seen: BoolArray, risk: FloatArray) -> float:
    """Takes predicted survival, so the risk with its sign turned."""
    from lifelines.utils import concordance_index

    return float(concordance_index(time_, -risk, seen))


def scikit_survival(time_: FloatArray, seen: BoolArray, risk: FloatArray) -> float:
    """The first of its figures."""
    from sksurv.metrics import concordance_index_censored

    return float(concordance_index_censored(seen, time_, risk)[0])


CALLS: dict[str, Call] = {
    "calcirisk": ours,
    "lifelines": lifelines,
    "scikit-survival": scikit_survival,
}


def time_calls(n: int) -> dict[str, tuple[float, float]]:
    """Median seconds and value by method."""
    arrays = draw(n)
    calls = {name: call for name, call in CALLS.items() if n <= LARGEST[name]}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    values = {}
    for _ in range(REPEATS):
        for name, call in calls.items():
            start = time.perf_counter()
            values[name] = call(*arrays)
            seconds[name].append(time.perf_counter() - start)
    return {name: (float(np.median(seconds[name])), values[name]) for name in calls}


def measure_growth(name: str, folder: Path) -> float:
    """Highest resident memory during one call less that before it, in MB; in this process."""
    arrays = tuple(np.load(folder / f"{part}.npy") for part in ("time", "seen", "risk"))
    CALLS[name](*(part[:WARM].copy() for part in arrays))
    # Linux: forget the highest memory so far, such as that of the imports
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = read_memory("VmRSS")
    CALLS[name](*arrays)
    return (read_memory("VmHWM") - before) / 1024


def read_memory(entry: str) -> int:
    """kB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(entry)))


def grow_elsewhere(n: int, name: str) -> float:
    """`measure_growth` in a fresh process, on the same arrays."""
    with tempfile.TemporaryDirectory() as folder:
        for part, values in zip(("time", "seen", "risk"), draw(n), strict=True):
            np.save(Path(folder) / f"{part}.npy", values)
        command = [sys.executable, __file__, "--memory", name, folder]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main(path: Path | None) -> None:
    """Print a row per size and method, or write them."""
    for call in CALLS.values():
        call(*draw(WARM))
    load = os.getloadavg()[0]
    lines = [
        f"Load at the start: {load:.1f}.",
        "",
        "| patients | method | seconds | times ours | memory, MB | bytes a patient | C, off by |",
        "|---|---|---|---|---|---|---|",
    ]
    for n in SIZES:
        found = time_calls(n)
        own_seconds, own_value = found["calcirisk"]
        for name, (seconds, value) in found.items():
            grown = grow_elsewhere(n, name)
            lines.append(
                f"| {n:,} | {name} | {seconds:.3f} | {seconds / own_seconds:.1f} | {grown:.0f} | "
                f"{grown * 2**20 / n:.0f} | {abs(value - own_value):.0e} |"
            )
    text = "\n".join(lines) + "\n"
    if path is None:
        sys.stdout.write(text)
    else:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        sys.stdout.write(f"{measure_growth(sys.argv[2], Path(sys.argv[3]))}")
    else:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
