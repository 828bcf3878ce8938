"""A scoring job from its first batch to its files: whole or nothing, and able to go on."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from features.errors import ConfigError
from features.intake.sources.source import RawBatch, Source
from pipeline.scoring.assembly import assemble
from pipeline.scoring.fhir_output import ENDINGS
from pipeline.scoring.memory import keep_freed_memory, spared_from_collection
from pipeline.scoring.output import describe_output
from pipeline.scoring.preparation import Job, prepare
from pipeline.scoring.progress import Progress
from pipeline.scoring.request import ScoreRequest
from pipeline.scoring.summary import ScoreSummary
from pipeline.scoring.tally import Tally
from pipeline.scoring.work_folder import Finished, WorkFolder, sync_folder
from pipeline.scoring.workers import Scored, count_workers, start_workers
from pipeline.scoring.writers import TABLES
from pipeline.settings.paths import Paths


def score_stream(request: ScoreRequest, paths: Paths, source: Source | None = None) -> ScoreSummary:
    """Score every row of the source and write scores, rejects and schema, all or none of them.

    Raises ConfigError where the output exists, is being written or cannot be; ModelError,
    HorizonError, MapError; CohortError where the source as a whole cannot be read. What was scored
    before a fault of disk or database is kept for ``resume``. ``source``: in place of the one that
    ``request.file`` means.
    """
    started = time.monotonic()
    _refuse_place(request)
    job = prepare(request, paths, source, start_early=True)
    with _telling_disk_faults(request.out), _taken(request.out) as work:
        finished = _find_finished(work, job)
        if finished is not None:
            return finished
        _begin_or_go_on(work, job)
        _score_batches(work, job)
        tally = Tally.under(job.rules)
        identifier = job.rules.rows.cohort_map.patient_id
        ending = request.out.suffix.lower()
        result, rejects = assemble(work, ending, job.told, job.constants, identifier, tally)
        schema = work.path / "schema"
        work.write_file(schema.name, describe_output(job))
        summary = ScoreSummary.of(job, tally, time.monotonic() - started)
        work.announce({"fingerprint": job.fingerprint, "summary": summary.to_dict()})
        _publish({rejects: request.rejects, schema: request.schema, result: request.out})
        work.finish()
    return summary


def _find_finished(work: WorkFolder, job: Job) -> ScoreSummary | None:
    """The summary of this very job where it was killed with only the cleaning up left to do."""
    request, left = job.request, WorkFolder.read_announced(job.request.out)
    if left is None or request.overwrite or not request.resume or not request.out.exists():
        return None
    changed = _name_changes(left["fingerprint"], job)
    work.finish()
    if changed:
        raise ConfigError(
            f"{request.out} exists, and {' and '.join(changed)} changed since it was made. Take "
            "another name, or replace it with --overwrite"
        )
    return ScoreSummary.from_dict(left["summary"])


def _refuse_place(request: ScoreRequest) -> None:
    if request.out.suffix.lower() not in (*TABLES, *ENDINGS):
        known = ", ".join((*TABLES, *ENDINGS))
        raise ConfigError(f"{request.out}: the output is one of {known}, by its ending")
    for file in (request.out, request.rejects, request.schema):
        if file.is_dir():
            raise ConfigError(f"{file} is a folder. Give the name of a file in it")
    begun = WorkFolder.holds_job(request.out)
    finished = WorkFolder.read_announced(request.out) is not None
    if not request.overwrite and not (request.resume and (begun or finished)):
        for file in (request.out, request.rejects, request.schema):
            if file.exists():
                raise ConfigError(
                    f"{file} exists. Take another name, or replace it with --overwrite"
                )


@contextmanager
def _telling_disk_faults(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "the disk failed"
        raise ConfigError(
            f"{out} cannot be written ({reason}). What is scored so far is kept: make room and "
            "go on with --resume"
        ) from error


@contextmanager
def _taken(out: Path) -> Iterator[WorkFolder]:
    """The work folder under its lock; one in which no batch was finished is removed on failure."""
    made = [folder for folder in out.absolute().parents if not folder.exists()]
    work = WorkFolder.acquire(out)
    try:
        yield work
    except BaseException:
        if not work.journal:
            work.remove()
            for folder in made:
                folder.rmdir()
        raise
    finally:
        work.close()


def _begin_or_go_on(work: WorkFolder, job: Job) -> None:
    begun = work.load()
    if begun is not None and work.journal and not job.request.overwrite:
        if not job.request.resume:
            raise ConfigError(
                f"{job.request.out} was begun and not finished. Go on with --resume, or begin "
                "anew with --overwrite"
            )
        changed = _name_changes(begun["fingerprint"], job)
        if changed:
            raise ConfigError(
                f"{job.request.out}: {' and '.join(changed)} changed since the job was begun. "
                "Begin anew with --overwrite"
            )
        return
    work.begin({"fingerprint": job.fingerprint})


def _name_changes(fingerprint: dict[str, Any], job: Job) -> list[str]:
    """What is no longer as it was when a job with this fingerprint was begun."""
    wanted = json.loads(json.dumps(job.fingerprint))
    return [name for name in wanted if fingerprint.get(name) != wanted[name]]


def _score_batches(work: WorkFolder, job: Job) -> None:
    finished = len(work.journal)
    batches = job.source.batches(job.rules.columns, 0 if job.sealed else finished)
    n_workers = count_workers(job.request.workers, job.n_rows, job.request.n_reasons)
    keep_freed_memory()
    waiting: deque[tuple[Finished, Scored]] = deque()
    with (
        # Threads of matrix products would only wait for one another.
        threadpool_limits(1, user_api="blas"),
        spared_from_collection(),
        closing(batches),
        start_workers(job.rules, n_workers, job.n_rows) as workers,
        Progress(job.source.total, job.source.unit) as progress,
    ):
        n_again = 0
        for batch in batches:
            if batch.number < finished:
                _compare_seal(work.journal[batch.number], batch, job)
                n_again += 1
                continue
            line = Finished(batch.number, batch.n_rows, 0, 0, batch.done, _seal(batch, job))
            waiting.append((line, workers.submit(batch)))
            if len(waiting) == workers.n_ahead:
                _keep(work, *waiting.popleft(), progress)
        if job.sealed and n_again < finished:
            raise _other_rows(job)
        while waiting:
            _keep(work, *waiting.popleft(), progress)


def _keep(work: WorkFolder, begun: Finished, scored: Scored, progress: Progress) -> None:
    part = scored.result()
    work.add(replace(begun, scored=part.n_scored, rejected=part.n_rejected), part)
    progress.advance(begun.rows, begun.done)


def _seal(batch: RawBatch, job: Job) -> str:
    if not job.sealed:
        return ""
    hashes = pd.util.hash_pandas_object(batch.rows)
    return f"{int(hashes.to_numpy().sum()):016x}"


def _compare_seal(finished: Finished, batch: RawBatch, job: Job) -> None:
    if finished.seal != _seal(batch, job):
        raise _other_rows(job)


def _other_rows(job: Job) -> ConfigError:
    return ConfigError(
        f"{job.source.name}: the query gives other rows than before. Give it an ORDER BY, and "
        "begin anew with --overwrite"
    )


def _publish(files: dict[Path, Path]) -> None:
    """Put each file in its place, the scores last: where they are, all is."""
    for file, place in files.items():
        file.replace(place)
    sync_folder(place.parent)
