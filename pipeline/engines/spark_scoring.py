"""The engine spark of `calcirisk score`: Parquet in, Parquet out, the rows spread over workers.

Each worker scores its rows by the very function that the local engine uses for its batches; Spark
reads, spreads, finds repeated identifiers, sorts and writes. Input, output and the model must lie
where every worker finds them under the same name.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import dataset

from features.errors import ConfigError
from features.intake.rows import REPEATED, read_rows
from features.intake.sources.parquet_source import ParquetSource
from pipeline.engines.spark_session import spark_session
from pipeline.engines.spark_tables import (
    PartitionTask,
    address,
    count_before,
    count_missing,
    read_numbered,
    select_rejects,
    select_scored,
    settle_repeats,
    staged_schema,
)
from pipeline.files.destinations import refuse_existing, take
from pipeline.files.faults import describe_fault
from pipeline.files.private import hidden_beside, open_folder
from pipeline.scoring.account.counts import Account
from pipeline.scoring.account.job_summary import ScoreSummary
from pipeline.scoring.job import SCORING, Kind, S
from pipeline.scoring.job_setup import Job, prepare
from pipeline.scoring.kept.work_folder import WorkFolder, sync_folder
from pipeline.scoring.output_schema import REJECTS_SCHEMA, describe_output, refuse_shared
from pipeline.scoring.outputs.writers import CsvWriter
from pipeline.scoring.request import ScoreRequest
from pipeline.scoring.sources.open_source import files_of
from pipeline.settings.paths import Paths

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_ENDINGS = ("", ".parquet", ".pq")


def score_with_spark(request: ScoreRequest, paths: Paths) -> ScoreSummary:
    """Score every row of a file or folder of Parquet; see `run_with_spark`."""
    return run_with_spark(request, paths, SCORING)


def run_with_spark(request: ScoreRequest, paths: Paths, kind: Kind[S]) -> S:
    """Work out every row of a file or folder of Parquet; the same rows and numbers as locally.

    Writes a folder of Parquet in the order of the source, and rejects and schema beside it, all or
    none. Raises ConfigError where Spark or Java is not here, where the output exists or cannot be
    written, or where something other than Parquet is asked for; otherwise as `score_stream`.
    """
    started = time.monotonic()
    _refuse(request)
    files = (request.out, request.rejects, request.schema)
    unfinished = WorkFolder.path_for(request.out)
    with (
        take(files, files_of(request), unfinished, n_folders=1),
        _taken(request) as folder,
    ):
        job = prepare(request, paths, task=kind.task)
        with closing(job.begun):
            if not isinstance(job.source, ParquetSource):
                raise ConfigError("--engine spark reads Parquet: a file, or a folder of files")
            if job.begun.first is not None:
                # Workers see parts of the rows: what a column is like is judged here.
                read_rows(job.begun.first.rows, job.rules.for_first.rows)
        job = replace(job, rules=job.rules.quicken(job.n_rows))
        return _score(job, kind, folder, started)


def _score(job: Job, kind: Kind[S], folder: Path, started: float) -> S:
    with spark_session(job.request.batch_rows) as spark:
        staged = _stage(spark, job, folder / "staged")
        tally = kind.count(job.rules)
        _write(staged, job, folder, tally)
        _count(folder, job, tally)
        (folder / "schema").write_bytes(describe_output(job))
        for witness in job.witnesses:
            witness.require_same_contents()
        _publish(folder, job.request)
    return kind.summarise(job, tally, time.monotonic() - started)


def _refuse(request: ScoreRequest) -> None:
    if request.out.suffix.lower() not in _ENDINGS:
        raise ConfigError(f"--engine spark writes Parquet: {request.out} must end in .parquet")
    if request.resume:
        raise ConfigError("--resume: a Spark job keeps nothing unfinished. Leave it out")


@contextmanager
def _taken(request: ScoreRequest) -> Iterator[Path]:
    """An empty folder beside the output, under the lock of scoring jobs; gone in the end."""
    out, work = request.out, WorkFolder.acquire(request.out)
    staging = hidden_beside(out, "staged")
    try:
        if not request.overwrite:
            refuse_existing(out, request.rejects, request.schema)
        refuse_shared(request)
        if not request.overwrite and work.load() is not None and work.journal:
            raise ConfigError(
                f"{out} was begun without Spark and not finished. Go on there with --resume, or "
                "begin anew with --overwrite"
            )
        if staging.is_symlink():
            raise ConfigError(f"{staging} is a link. Look where it comes from, and remove it")
        shutil.rmtree(staging, ignore_errors=True)
        os.close(open_folder(staging))
        yield staging
        work.remove()
    except OSError as error:
        reason, remedy = describe_fault(error)
        raise ConfigError(f"{out} cannot be written ({reason}): {remedy}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if not work.journal:
            work.remove()
        work.close()


def _stage(spark: SparkSession, job: Job, folder: Path) -> DataFrame:
    """Score every row once and keep what came of it on disk."""
    source = Path(job.request.file)
    numbered = read_numbered(spark, source, job.rules.columns)
    before = count_before(numbered)
    task = PartitionTask(job.source.name, job.rules, before, staged_schema(job.rules, job.told))
    shape = spark.createDataFrame(task.schema.empty_table()).schema
    numbered.mapInArrow(task, shape).write.parquet(address(folder))
    return spark.read.schema(shape).parquet(address(folder, to_read=True))


def _write(staged: DataFrame, job: Job, folder: Path, tally: Account) -> None:
    identifier = job.rules.rows.cohort_map.patient_id
    if identifier is not None:
        staged = settle_repeats(staged, identifier, REPEATED)
    scored = select_scored(staged, tuple(job.told), job.constants)
    scored.write.option("compression", "zstd").parquet(address(folder / "result"))
    select_rejects(staged).write.parquet(address(folder / "rejected"))
    tally.add_missing(count_missing(staged))


def _count(folder: Path, job: Job, tally: Account) -> None:
    """Counts over what lies on disk; writes the rejects as the local engine does.

    Raises AssertionError where a row is lost or doubled.
    """
    columns = list(job.rules.counted)
    for batch in dataset.dataset(folder / "result", format="parquet").to_batches(columns=columns):
        tally.add(pa.Table.from_batches([batch]))
    writer = CsvWriter(folder / "rejects", REJECTS_SCHEMA)
    for batch in dataset.dataset(folder / "rejected", format="parquet").to_batches():
        rejects = pa.Table.from_batches([batch]).cast(REJECTS_SCHEMA)
        tally.add_rejects(rejects)
        writer.write(rejects)
    writer.close()
    if tally.n_scored + tally.n_rejected != job.source.total:
        raise AssertionError(
            f"{job.source.total} rows in the source, {tally.n_scored} scored and "
            f"{tally.n_rejected} rejected"
        )


def _publish(folder: Path, request: ScoreRequest) -> None:
    """Put each file in its place, the folder of scores last: where it is, all is."""
    for file in (folder / "result").iterdir():
        sync_folder(file)
    if request.out.exists():
        request.out.replace(folder / "replaced")
    (folder / "rejects").replace(request.rejects)
    (folder / "schema").replace(request.schema)
    (folder / "result").replace(request.out)
    sync_folder(request.out.parent)
