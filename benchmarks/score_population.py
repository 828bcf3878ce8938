"""A population of any size drawn from a cohort, and the command run on it: seconds, CPU, memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from features.dictionary.dictionary import Dictionary

PIECE = 65_536
FEW_COLUMNS = (
    "age",
    "sex",
    "cac_agatston",
    "ldl_cholesterol",
    "hdl_cholesterol",
    "systolic_bp",
    "diabetes",
    "smoking_status",
    "statin_intensity",
    "antihypertensive",
)
# Bytes on disk that a patient takes while a job runs: kept batches and output, without reasons.
_BYTES_KEPT = 250
_EVERY = 0.5


@dataclass(frozen=True)
class Cost:
    """What a run of the command took; ``peak`` and ``peak_own``: MiB, see `run_command`."""

    wall: float
    cpu: float
    peak: float
    peak_own: float


def write_population(
    cohort: Path, file: Path, n_rows: int, columns: Sequence[str] | None = None
) -> None:
    """Draw patients into a file, each with an identifier of its own, a piece at a time.

    ``columns``: those of the dictionary that are kept, None for all. ``file``: .csv or .parquet.
    """
    table = pd.read_parquet(cohort)
    wanted = [name for name in columns or Dictionary.load() if name in table]
    known = pa.Table.from_pandas(table[wanted], preserve_index=False)
    rng, start, writer = np.random.default_rng(1), 0, None
    while start < n_rows:
        size = min(PIECE, n_rows - start)
        drawn = known.take(pa.array(rng.integers(0, known.num_rows, size)))
        names = pa.array([f"P{number:09d}" for number in range(start, start + size)])
        piece = drawn.append_column("patient_id", names)
        if writer is None:
            writer = (
                arrow_csv.CSVWriter(file, piece.schema)
                if file.suffix == ".csv"
                else parquet.ParquetWriter(file, piece.schema, compression="zstd")
            )
        writer.write_table(piece)
        start += size
    if writer is not None:
        writer.close()


def require_room(folder: Path, n_rows: int, n_columns: int) -> None:
    """Raises SystemExit where the disk has no room for input, kept batches and output."""
    needed = n_rows * (_BYTES_KEPT + 4 * n_columns)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SystemExit(
            f"{n_rows:,} patients need about {needed / 2**30:.0f} GiB in {folder}, which has "
            f"{free / 2**30:.0f}"
        )


def run_command(model: Path, file: Path, out: Path, *options: str) -> Cost:
    """`calcirisk score` in a process of its own, from its start to its end; the output is removed.

    CPU and memory are those of the process and of all below it, read twice a second, CPU after the
    last reading left out. Pages that several of them hold are counted once: all pages (``peak``),
    and those that are not of mapped files, which the system may take back at any time
    (``peak_own``).
    """
    command = ["calcirisk", "score", str(file), "--model", str(model), "--out", str(out)]
    wall = time.perf_counter()
    process = subprocess.Popen([*command, *options, "--overwrite"], stdout=subprocess.DEVNULL)
    peak = peak_own = 0.0
    spent: dict[int, float] = {}
    while True:
        held, own = _read_all(process.pid, spent)
        peak, peak_own = max(peak, held), max(peak_own, own)
        try:
            process.wait(_EVERY)
            break
        except subprocess.TimeoutExpired:
            continue
    wall = time.perf_counter() - wall
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    for path in out.parent.glob(f"{out.stem}.*"):
        path.unlink()
    return Cost(wall, sum(spent.values()), peak, peak_own)


def _read_all(process: int, spent: dict[int, float]) -> tuple[float, float]:
    """MiB that a process and those below it hold; the CPU seconds of each go to ``spent``."""
    held = own = 0.0
    waiting = [process]
    while waiting:
        number = waiting.pop()
        here = Path(f"/proc/{number}")
        try:
            for task in (here / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
            ticks = (here / "stat").read_text().rpartition(")")[2].split()[11:13]
            spent[number] = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
            lines = (here / "smaps_rollup").read_text().splitlines()[1:]
        except OSError:  # it has just ended
            continue
        sizes = {name: int(size) / 1024 for name, size, *_ in map(str.split, lines)}
        held += sizes["Pss:"]
        own += sizes["Pss:"] - sizes["Pss_File:"]
    return held, own
