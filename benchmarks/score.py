"""Patients scored per second: `calcirisk score` beside bare prediction, pandas loops and SHAP.

    python benchmarks/score.py MODEL COHORT WORK [rows] [table.md]

MODEL is a model's folder, COHORT the cohort.parquet of stage ingest, WORK a folder for the files
that are made and removed again. The cohort is tiled to that many rows (default 1,000,000), each
with an identifier of its own, as Parquet. Then, one after the other on the same machine:

- bare: ``inplace_predict`` of all causes' boosters on a float32 matrix in memory;
- score: the command, Parquet to Parquet, no reasons and no intervals; its CPU time and peak memory;
- score, three reasons;
- plain loop: pandas reads the file in pieces, the served model predicts, pandas writes CSV;
- SHAP: shap.TreeExplainer on every booster for the contributions of one piece.

Wall time and CPU time of every one: on a machine with other work, CPU time tells more.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from rich.console import Console

from features.catalogue import derive_features
from features.dictionary import Dictionary
from models.scorer import Scorer

_PIECE = 65_536
_SHAP_ROWS = 8_192


def main() -> None:
    """Measure, print and perhaps write the table."""
    model, cohort, work = (Path(argument) for argument in sys.argv[1:4])
    n_rows = int(sys.argv[4]) if len(sys.argv) > 4 else 1_000_000
    work.mkdir(parents=True, exist_ok=True)
    file = work / "patients.parquet"
    tile(cohort, file, n_rows)
    lines = [
        f"{n_rows:,} patients, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start",
        "",
        "| what | rows | wall, s | CPU, s | rows/s | rows per CPU second | peak MiB |",
        "|---|---|---|---|---|---|---|",
        measure_bare(model, cohort),
        measure_command(model, file, n_rows, "score", "--reasons", "0", "--no-intervals"),
        measure_command(model, file, n_rows, "score with intervals", "--reasons", "0"),
        measure_command(model, file, n_rows, "score, 3 reasons", "--no-intervals"),
        measure_plain_loop(model, file, work),
        measure_shap(model, cohort),
    ]
    file.unlink()
    table = "\n".join(lines) + "\n"
    Console(width=200).print(table, markup=False)
    if len(sys.argv) > 5:
        Path(sys.argv[5]).write_text(table, encoding="utf-8")


def tile(cohort: Path, file: Path, n_rows: int) -> None:
    """Write patients drawn from the cohort, each under an identifier of its own."""
    table = pd.read_parquet(cohort)
    known = pa.Table.from_pandas(
        table[[name for name in table if name in Dictionary.load()]], preserve_index=False
    )
    rng = np.random.default_rng(1)
    writer = None
    for start in range(0, n_rows, 4 * _PIECE):
        size = min(4 * _PIECE, n_rows - start)
        drawn = known.take(pa.array(rng.integers(0, known.num_rows, size)))
        names = pa.array([f"P{number:09d}" for number in range(start, start + size)])
        piece = drawn.append_column("patient_id", names)
        writer = writer or parquet.ParquetWriter(file, piece.schema, compression="zstd")
        writer.write_table(piece)
    if writer is not None:
        writer.close()


def line(what: str, n_rows: int, wall: float, cpu: float, peak: float | None = None) -> str:
    """One line of the table."""
    memory = "" if peak is None else f"{peak:,.0f}"
    rates = f"{n_rows / wall:,.0f} | {n_rows / cpu:,.0f}"
    return f"| {what} | {n_rows:,} | {wall:.2f} | {cpu:.2f} | {rates} | {memory} |"


def draw(cohort: Path, n_rows: int) -> pd.DataFrame:
    """Covariates of patients drawn from the cohort."""
    table = pd.read_parquet(cohort)
    table = table[[name for name in table if name in Dictionary.load()]]
    rows = np.random.default_rng(2).integers(0, len(table), n_rows)
    return table.iloc[rows].reset_index(drop=True)


def timed(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    """The least wall and CPU seconds of several runs."""
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls), min(cpus)


def measure_bare(model: Path, cohort: Path) -> str:
    """All boosters on a matrix of numbers, nothing else."""
    scorer = Scorer.load(model)
    features = derive_features(draw(cohort, 4 * _PIECE), scorer.dictionary)
    matrix = np.ascontiguousarray(
        features[list(scorer.predictor.feature_names)].to_numpy(np.float32)
    )
    boosters = [cause.boosted.booster for cause in scorer.predictor.causes if cause.boosted]

    def predict() -> None:
        for booster in boosters:
            booster.inplace_predict(matrix, predict_type="margin", validate_features=False)

    return line("bare inplace_predict", len(matrix), *timed(predict, 5))


def measure_command(model: Path, file: Path, n_rows: int, what: str, *options: str) -> str:
    """The command in a process of its own, from its start to its end."""
    out = file.with_name("risks.parquet")
    command = ["calcirisk", "score", str(file), "--model", str(model), "--out", str(out)]
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen([*command, *options, "--overwrite"], stdout=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, read_peak(process.pid))
        time.sleep(0.05)
    wall = time.perf_counter() - wall
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"{what} ended with {process.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    for path in file.parent.glob("risks.*"):
        path.unlink()
    return line(what, n_rows, wall, cpu, peak)


def read_peak(process: int) -> float:
    """The most memory the process has held so far, MiB; 0 where it has just ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    found = [text.split()[1] for text in status.splitlines() if text.startswith("VmHWM")]
    return int(found[0]) / 1024 if found else 0.0


def measure_plain_loop(model: Path, file: Path, work: Path) -> str:
    """What one writes by hand: pandas in pieces, the served model's predict, CSV out."""
    scorer, out = Scorer.load(model), work / "plain.csv"
    n_rows = min(parquet.ParquetFile(file).metadata.num_rows, 4 * _PIECE)

    def loop() -> None:
        for number, piece in enumerate(parquet.ParquetFile(file).iter_batches(_PIECE)):
            if number == 4:
                return
            frame = piece.to_pandas()
            risks = scorer.score(frame.drop(columns="patient_id"), n_reasons=0)
            risks.insert(0, "patient_id", frame["patient_id"])
            risks.to_csv(out, mode="a", header=number == 0, index=False)

    result = line("pandas and predict, CSV (with intervals)", n_rows, *timed(loop, 1))
    out.unlink()
    return result


def measure_shap(model: Path, cohort: Path) -> str:
    """Contributions of trees alone by shap.TreeExplainer, without carrying them to risk."""
    import shap

    scorer = Scorer.load(model)
    features = derive_features(draw(cohort, _SHAP_ROWS), scorer.dictionary)
    matrix = features[list(scorer.predictor.feature_names)].to_numpy(np.float32)
    boosters = [cause.boosted.booster for cause in scorer.predictor.causes if cause.boosted]

    def explain() -> None:
        for booster in boosters:
            shap.TreeExplainer(booster).shap_values(matrix)

    return line("shap.TreeExplainer, all boosters", len(matrix), *timed(explain, 1))


if __name__ == "__main__":
    main()
