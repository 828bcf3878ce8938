"""Do all ways to score agree? Local engine, Spark engine, pyfunc and Spark function, row by row.

    python benchmarks/agreement.py MODEL_FOLDER [patients, default 1000000] [reasons, default 3]

Simulates patients into a folder of Parquet, among them impossible cells and repeated identifiers
in files far apart, and scores them each way. Told are times, and the largest difference of any risk
or limit and the number of reasons and rejects that differ from those of the local engine.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from features.simulation.cohort import simulate_cohort
from models.serving.pyfunc import log_model
from pipeline.engines.spark_scoring import score_with_spark
from pipeline.scoring.account.job_summary import ScoreSummary
from pipeline.scoring.job import score_stream
from pipeline.scoring.request import ScoreRequest
from pipeline.settings.params import Paths
from pipeline.tracking import Tracking

_PIECE, _SEED = 100_000, 9_001
_SESSION = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.log.level": "ERROR",
    "spark.executorEnv.OMP_NUM_THREADS": "1",
    "spark.executorEnv.NUMBA_NUM_THREADS": "1",
}


def write_source(folder: Path, n_patients: int) -> None:
    """Files of 100,000 patients; 1 of 1000 has an impossible cell, 1 of 5000 stands twice."""
    folder.mkdir()
    for start in range(0, n_patients, _PIECE):
        size = min(_PIECE, n_patients - start)
        table = simulate_cohort(size, _SEED + start, with_lesions=False).covariates
        table.index = pd.Index([f"p{start + i:09d}" for i in range(size)], name="patient_id")
        table = table.reset_index()
        table.loc[::1000, "systolic_bp"] = -1.0
        # the same identifiers in every file
        table.loc[7::5000, "patient_id"] = [f"twice{i}" for i in range(len(table.loc[7::5000]))]
        table["diabetes"] = table["diabetes"].astype("boolean")
        table.to_parquet(folder / f"patients-{start:09d}.parquet", index=False)


def score_by_pyfunc(uri: str, source: Path, accepted: pd.Index, n_reasons: int) -> pd.DataFrame:
    """`predict` on one file after another, of the patients whom the local engine accepted."""
    import mlflow

    model, scored = mlflow.pyfunc.load_model(uri), []
    for file in sorted(source.iterdir()):
        patients = pd.read_parquet(file).set_index("patient_id")
        patients = patients[patients.index.isin(accepted)]
        scored.append(model.predict(patients, params={"n_reasons": n_reasons}))
    return pd.concat(scored)


def score_by_udf(
    spark: Any, uri: str, source: Path, like: pd.DataFrame, scratch: Path
) -> pd.DataFrame:
    """`mlflow.pyfunc.spark_udf` on several workers, written to Parquet."""
    import mlflow
    from pyspark.sql.functions import col, struct

    patients = spark.read.parquet(str(source))
    accepted = spark.read.parquet(str(scratch / "local.parquet")).select("patient_id")
    patients = patients.join(accepted, "patient_id", "left_semi")
    kinds = ((name, "double" if like[name].dtype == "float64" else "string") for name in like)
    n_reasons = sum(name.startswith("reason_") for name in like)
    predict = mlflow.pyfunc.spark_udf(
        spark,
        uri,
        env_manager="local",
        params={"n_reasons": n_reasons},
        result_type=", ".join(f"{name} {kind}" for name, kind in kinds),
    )
    scored = patients.withColumn("scored", predict(struct(*patients.columns)))
    scored.select(col("patient_id"), "scored.*").write.parquet(str(scratch / "udf"))
    return pd.read_parquet(scratch / "udf").set_index("patient_id")


def compare(found: pd.DataFrame, expected: pd.DataFrame) -> dict[str, float]:
    """The largest difference of numbers, and how many reasons differ; the same patients needed."""
    found = found.loc[expected.index]
    numbers = [name for name in expected if expected[name].dtype == "float64"]
    texts = [name for name in expected if name not in numbers]
    gaps = np.abs(found[numbers].to_numpy() - expected[numbers].to_numpy())
    unequal = (found[texts].to_numpy(object) != expected[texts].to_numpy(object)).sum()
    same = len(found) == len(expected)
    return {"largest_difference": float(gaps.max()), "reasons_differ": int(unequal), "same": same}


def main(model: Path, n_patients: int, n_reasons: int) -> None:
    """Score each way and compare with the local engine."""
    console = Console()

    def timed(way: str, work: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        done = work()
        console.print(f"{way}: {time.perf_counter() - start:.0f} s", soft_wrap=True)
        return done

    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        source, paths = scratch / "source", Paths(scratch)
        write_source(source, n_patients)
        request = ScoreRequest(source, str(model), scratch / "local.parquet", n_reasons=n_reasons)
        told: ScoreSummary = timed("local engine", lambda: score_stream(request, paths))
        console.print(
            f"{told.n_rows:,} rows, {told.n_scored:,} scored, {told.n_rejected:,} rejected"
        )
        local = pd.read_parquet(request.out)
        kept = [name for name in local if name.startswith(("risk_", "reason_"))]
        expected = local.set_index("patient_id")[kept].drop(columns="risk_category")

        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master(f"local[{os.cpu_count()}]")
        for key, value in _SESSION.items():
            builder = builder.config(key, value)
        spark = builder.getOrCreate()
        by_spark = replace(request, out=scratch / "spark.parquet")
        timed("Spark engine", lambda: score_with_spark(by_spark, paths))
        scored = pd.read_parquet(by_spark.out)
        others = compare(scored.set_index("patient_id")[list(expected)], expected)
        others["same_order"] = scored["patient_id"].tolist() == local["patient_id"].tolist()
        others["same_rejects"] = by_spark.rejects.read_bytes() == request.rejects.read_bytes()
        console.print("Spark engine", json.dumps(others), soft_wrap=True)

        tracking = Tracking(scratch)
        with tracking.start_run("agreement", "served"):
            uri = log_model(model)
        table = timed(
            "pyfunc", lambda: score_by_pyfunc(uri, source, pd.Index(expected.index), n_reasons)
        )
        console.print("pyfunc", json.dumps(compare(table[list(expected)], expected)))
        table = timed("Spark function", lambda: score_by_udf(spark, uri, source, expected, scratch))
        console.print("Spark function", json.dumps(compare(table[list(expected)], expected)))


if __name__ == "__main__":
    chosen = [*sys.argv[2:], *("1000000", "3")[len(sys.argv) - 2 :]]
    main(Path(sys.argv[1]), int(chosen[0]), int(chosen[1]))
