"""Patients scored per second: `calcirisk score` beside bare prediction, pandas loops and SHAP.

    python -m benchmarks.score MODEL COHORT WORK [rows] [table.md]

MODEL is a model's folder, COHORT the cohort.parquet of stage ingest, WORK a folder for the files
that are made and removed again. Patients are drawn from the cohort, that many (default 1,000,000),
each with an identifier of its own, as Parquet. Then, one after the other on the same machine:

- bare: ``inplace_predict`` of all causes' boosters on a float32 matrix in memory;
- score: the command from its start to its end, in several settings;
- plain loop: pandas reads the file in pieces, the served model predicts, pandas writes CSV;
- SHAP: the same job with three reasons where shap.TreeExplainer attributes the trees, against 100
  background patients, to the same numbers; and its path-dependent contributions of the trees alone,
  which are other numbers and no reasons yet.

Wall time and CPU time of every one, and patients per second as a part of bare prediction: on a
machine with other work, CPU time tells more. Where the time goes: `benchmarks.score_phases`; memory
by the number of patients: `benchmarks.score_memory`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from pyarrow import parquet
from rich.console import Console

from benchmarks.score_population import PIECE, require_room, run_command, write_population
from benchmarks.score_shap import N_BACKGROUND, with_shap
from features.derivation.catalogue import derive_features
from features.dictionary.dictionary import Dictionary
from features.intake.sources.parquet_source import ParquetSource
from models.compiled.compiled_scorer import compile_scorer
from models.scorer import Scorer
from models.serving.served_model import ServedModel
from pipeline.scoring.batch import score_batch
from pipeline.scoring.columns import Wanted
from pipeline.scoring.risk_rules import ScoringRules

_SHAP_ROWS, _SHAP_JOB_ROWS = 8_192, 1_024
_SETTINGS = {
    "`score`, no reasons, no intervals": ("--reasons", "0", "--no-intervals"),
    "`score`, no reasons, with intervals": ("--reasons", "0"),
    "`score`, three reasons, no intervals": ("--no-intervals",),
}


@dataclass(frozen=True)
class Rate:
    """What was measured: rows and the seconds that they took."""

    what: str
    n_rows: int
    wall: float
    cpu: float
    peak: float | None = None

    def line(self, bare: Rate) -> str:
        """One line of the table."""
        per_wall, per_cpu = self.n_rows / self.wall, self.n_rows / self.cpu
        of_wall = per_wall / (bare.n_rows / bare.wall)
        of_cpu = per_cpu / (bare.n_rows / bare.cpu)
        memory = "" if self.peak is None else f"{self.peak:,.0f}"
        return (
            f"| {self.what} | {self.n_rows:,} | {self.wall:.2f} | {self.cpu:.2f} | {per_wall:,.0f} "
            f"| {of_wall:.3f} | {per_cpu:,.0f} | {of_cpu:.3f} | {memory} |"
        )


def main() -> None:
    """Measure, print and perhaps write the table."""
    model, cohort, work = (Path(argument) for argument in sys.argv[1:4])
    n_rows = int(sys.argv[4]) if len(sys.argv) > 4 else 1_000_000
    work.mkdir(parents=True, exist_ok=True)
    require_room(work, n_rows, len(Dictionary.load()))
    file = work / "patients.parquet"
    write_population(cohort, file, n_rows)
    load = os.getloadavg()[0]
    rates = [measure_bare(model, cohort)]
    for what, options in _SETTINGS.items():
        cost = run_command(model, file, work / "risks.parquet", *options)
        rates.append(Rate(what, n_rows, cost.wall, cost.cpu, cost.peak))
    rates.append(measure_shap_job(model, cohort, file, work))
    rates += [measure_plain_loop(model, file, work), measure_shap_trees(model, cohort)]
    file.unlink()
    lines = [
        f"{n_rows:,} patients, {os.cpu_count()} cores, load {load:.1f} at the start",
        "",
        "| what | rows | wall, s | CPU, s | rows/s | of bare | rows per CPU second | of bare "
        "| peak MiB |",
        "|---|---|---|---|---|---|---|---|---|",
        *(rate.line(rates[0]) for rate in rates),
    ]
    table = "\n".join(lines) + "\n"
    Console(width=200).print(table, markup=False)
    if len(sys.argv) > 5:
        Path(sys.argv[5]).write_text(table, encoding="utf-8")


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


def measure_bare(model: Path, cohort: Path) -> Rate:
    """All boosters on a matrix of numbers, nothing else."""
    scorer = Scorer.load(model)
    features = derive_features(draw(cohort, 4 * PIECE), scorer.dictionary)
    matrix = np.ascontiguousarray(
        features[list(scorer.predictor.feature_names)].to_numpy(np.float32)
    )
    boosters = [cause.boosted.booster for cause in scorer.predictor.causes if cause.boosted]

    def predict() -> None:
        for booster in boosters:
            booster.inplace_predict(matrix, predict_type="margin", validate_features=False)

    return Rate("bare `inplace_predict`, all boosters", len(matrix), *timed(predict, 5))


def measure_plain_loop(model: Path, file: Path, work: Path) -> Rate:
    """What one writes by hand: pandas in pieces, the served model's predict, CSV out."""
    served, out = ServedModel(), work / "plain.csv"
    context = SimpleNamespace(artifacts={"model": str(model)})
    served.load_context(context)
    n_rows = min(parquet.ParquetFile(file).metadata.num_rows, 4 * PIECE)

    def loop() -> None:
        for number, piece in enumerate(parquet.ParquetFile(file).iter_batches(PIECE)):
            if number == 4:
                return
            frame = piece.to_pandas()
            risks = served.predict(context, frame.drop(columns="patient_id"))
            risks.insert(0, "patient_id", frame["patient_id"].to_numpy())
            risks.to_csv(out, mode="a", header=number == 0, index=False)

    wall, cpu = timed(loop, 1)
    out.unlink()
    return Rate("pandas and the served model, CSV (with intervals)", n_rows, wall, cpu)


def measure_shap_trees(model: Path, cohort: Path) -> Rate:
    """Contributions of trees alone by shap.TreeExplainer, without carrying them to risk."""
    import shap

    scorer = Scorer.load(model)
    features = derive_features(draw(cohort, _SHAP_ROWS), scorer.dictionary)
    matrix = features[list(scorer.predictor.feature_names)].to_numpy(np.float32)
    boosters = [cause.boosted.booster for cause in scorer.predictor.causes if cause.boosted]

    def explain() -> None:
        for booster in boosters:
            shap.TreeExplainer(booster).shap_values(matrix)

    what = "`shap.TreeExplainer`, path-dependent, trees alone"
    return Rate(what, len(matrix), *timed(explain, 1))


def measure_shap_job(model: Path, cohort: Path, file: Path, work: Path) -> Rate:
    """Reads, checks, scores with three reasons and writes as `score` does; SHAP for the trees.

    Raises AssertionError where SHAP's contributions are not ours: then no time would tell anything.
    """
    scorer = compile_scorer(Scorer.load(model))
    background = derive_features(draw(cohort, N_BACKGROUND), scorer.dictionary)
    ours, theirs = with_shap(scorer, background)
    few, year = background.iloc[:20], scorer.about.horizons[-1]
    pair = [each.explainer.explain(few, year).values for each in (ours, theirs) if each.explainer]
    np.testing.assert_allclose(*pair, atol=1e-6)
    source = ParquetSource(file, _SHAP_JOB_ROWS)
    rules = ScoringRules.make(theirs, None, source.columns, Wanted(reasons=3, intervals=False))

    def job() -> None:
        with closing(source.batches(rules.columns)) as batches:
            scored, _ = score_batch(next(batches).rows, rules)
        scored.to_parquet(work / "shap.parquet")

    rate = Rate("the same with `shap.TreeExplainer` for the trees", _SHAP_JOB_ROWS, *timed(job, 1))
    (work / "shap.parquet").unlink()
    return rate


if __name__ == "__main__":
    main()
