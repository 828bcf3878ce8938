"""A scoring job from its first batch to its files: whole or nothing, and able to go on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, TypeVar

import pandas as pd
from threadpoolctl import threadpool_limits

from features.errors import CohortError, ConfigError, Problem
from features.intake.lesions.lesion_join import describe_orphans
from features.intake.sources.source import RawBatch, Source
from pipeline.files.destinations import Taken, refuse_existing, take
from pipeline.files.faults import reporting_faults
from pipeline.scoring.account.counts import Account, Tally
from pipeline.scoring.account.job_summary import JobSummary, ScoreSummary
from pipeline.scoring.account.progress import Progress
from pipeline.scoring.batch import BatchRules, Part, score_part
from pipeline.scoring.final_files import assemble, find_owners
from pipeline.scoring.job_setup import RISKS, Job, Task, prepare
from pipeline.scoring.kept.work_folder import Finished, WorkFolder, sync_folder
from pipeline.scoring.output_schema import describe_output, refuse_shared
from pipeline.scoring.outputs.fhir_output import ENDINGS
from pipeline.scoring.outputs.writers import TABLES
from pipeline.scoring.request import ScoreRequest
from pipeline.scoring.sources.open_source import files_of
from pipeline.scoring.workers.kept_memory import keep_freed_memory, spared_from_collection
from pipeline.scoring.workers.worker_pool import count_workers, start_workers
from pipeline.settings.paths import Paths

S = TypeVar("S", bound=JobSummary)


@dataclass(frozen=True)
class Kind(Generic[S]):
    """What a job works out, and how it is counted and summed up."""

    task: Task
    count: Callable[[BatchRules], Account]
    summarise: Callable[[Job, Any, float], S]
    read_summary: Callable[[Mapping[str, Any]], S]


SCORING = Kind(RISKS, Tally.under, ScoreSummary.of, ScoreSummary.from_dict)


def score_stream(request: ScoreRequest, paths: Paths, source: Source | None = None) -> ScoreSummary:
    """Score every row of the source; see `run_job`."""
    return run_job(request, paths, SCORING, source)


def run_job(request: ScoreRequest, paths: Paths, kind: Kind[S], source: Source | None = None) -> S:
    """Work out every row of the source and write output, rejects and schema, all or none of them.

    Raises ConfigError where the output exists, is being written or cannot be; ModelError,
    HorizonError, MapError; CohortError where the source as a whole cannot be read. What was scored
    before a fault of disk or database is kept for ``resume``. ``source``: in place of the one that
    ``request.file`` means.
    """
    started = time.monotonic()
    _refuse_kind(request)
    unfinished = WorkFolder.path_for(request.out)
    files = (request.out, request.rejects, request.schema)
    with reporting_faults(request.out):
        with take(files, files_of(request), unfinished) as taken:
            _refuse_place(request)
            job = prepare(request, paths, source, start_early=True, task=kind.task)
            with closing(job.begun), _worked_in(request.out, taken) as work:
                summary = _find_finished(work, job, kind) or _score(work, job, kind, started)
        WorkFolder.forget_announced(request.out)
    return summary


def _score(work: WorkFolder, job: Job, kind: Kind[S], started: float) -> S:
    request = job.request
    _begin_or_go_on(work, job)
    _score_batches(work, job)
    for witness in job.witnesses:
        witness.compare_contents()
    tally = kind.count(job.rules)
    identifier = job.rules.rows.cohort_map.patient_id
    ending = request.out.suffix.lower()
    result, rejects = assemble(work, ending, job.told, job.constants, identifier, tally)
    job = note_orphans(work, job)
    schema = work.path / "schema"
    work.write_file(schema.name, describe_output(job))
    _require_same_contents(work, job)
    summary = kind.summarise(job, tally, time.monotonic() - started)
    work.announce({"fingerprint": job.fingerprint, "summary": summary.to_dict()})
    _publish({rejects: request.rejects, schema: request.schema, result: request.out})
    work.finish()
    return summary


def note_orphans(work: WorkFolder, job: Job) -> Job:
    """The job with notes on the table of lesions and on lesions of patients who have no row.

    Raises CohortError where that is so of all: the two files name their patients differently.
    """
    lesions = job.rules.rows.lesions
    if lesions is None or not work.journal:
        return job
    owned = find_owners(work, lesions)
    if len(owned) and not owned.any():
        rule = f"no identifier of {lesions.file} is in the main file"
        remedy = "Check how both files write the identifiers"
        raise CohortError([Problem("patient_id", rule, remedy)], job.source.name)
    note = describe_orphans(owned, lesions.file)
    return replace(job, notes=(*lesions.notes, *([note] if note else [])))


def _find_finished(work: WorkFolder, job: Job, kind: Kind[S]) -> S | None:
    """The summary of this very job where it was killed with only the cleaning up left to do."""
    request, left = job.request, WorkFolder.read_announced(job.request.out)
    if left is None or request.overwrite or not request.resume or not request.out.exists():
        return None
    changed = _name_changes(left["fingerprint"], job)
    work.finish()
    if changed:
        WorkFolder.forget_announced(request.out)
        raise ConfigError(
            f"{request.out} exists, and {' and '.join(changed)} changed since it was made. Take "
            "another name, or replace it with --overwrite"
        )
    return kind.read_summary(left["summary"])


def _refuse_kind(request: ScoreRequest) -> None:
    _ = request.settings  # raises where nobody can have what is asked for
    if request.out.suffix.lower() not in (*TABLES, *ENDINGS):
        known = ", ".join((*TABLES, *ENDINGS))
        raise ConfigError(f"{request.out}: the output is one of {known}, by its ending")


def _refuse_place(request: ScoreRequest) -> None:
    """Looked at under the locks: nobody else changes what is there from now on."""
    begun = WorkFolder.holds_job(request.out)
    finished = WorkFolder.read_announced(request.out) is not None
    if not request.overwrite and not (request.resume and (begun or finished)):
        refuse_existing(request.out, request.rejects, request.schema)
    refuse_shared(request)


@contextmanager
def _worked_in(out: Path, taken: Taken) -> Iterator[WorkFolder]:
    """The work folder under its lock; one in which no batch was finished is removed on failure."""
    work = WorkFolder.acquire(out)
    try:
        yield work
    except BaseException:
        taken.keep = bool(work.journal)
        if not work.journal:
            work.remove()
        raise
    finally:
        work.close()


def _begin_or_go_on(work: WorkFolder, job: Job) -> None:
    begun = None if job.request.overwrite else work.load()
    if begun is not None and work.journal:
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
    n_workers = count_workers(job.request.workers, job.n_rows, job.request.n_reasons)
    keep_freed_memory()
    with ExitStack() as stack:
        # Threads of matrix products would only wait for one another.
        stack.enter_context(threadpool_limits(1, user_api="blas"))
        stack.enter_context(spared_from_collection())
        begun = stack.enter_context(closing(_begin_batches(work, job)))
        if n_workers == 1:
            parts = _score_here(begun, job.rules.quicken(job.n_rows))
        else:
            workers = stack.enter_context(start_workers(job.rules, n_workers, job.n_rows))
            parts = workers.score(begun)
        progress = stack.enter_context(Progress(job.source.total))
        for line, part in parts:
            work.add(replace(line, scored=part.n_scored, rejected=part.n_rejected), part)
            progress.advance(line.rows, line.done)
            del part  # before the next one is made


def _begin_batches(work: WorkFolder, job: Job) -> Generator[tuple[Finished, RawBatch]]:
    """The batches that are not finished yet, each with the begin of its line in the journal."""
    finished = tuple(work.journal)
    n_again = 0
    for batch in job.begun.batches(0 if job.sealed else len(finished)):
        _require_same(work, job)
        seal = _seal(batch) if job.sealed else ""
        if batch.number >= len(finished):
            yield Finished(batch.number, batch.n_rows, 0, 0, batch.done, seal), batch
        elif finished[batch.number].seal != seal:
            raise _other_rows(job)
        else:
            n_again += 1
    if job.sealed and n_again < len(finished):
        raise _other_rows(job)


def _score_here(
    begun: Iterable[tuple[Finished, RawBatch]], rules: BatchRules
) -> Iterator[tuple[Finished, Part]]:
    for line, batch in begun:
        of_batch = rules if batch.number else rules.for_first
        yield line, score_part(batch.rows, batch.unreadable, of_batch)


def _require_same(work: WorkFolder, job: Job) -> None:
    """Raises CohortError where what is read was changed; then no batch of it is kept."""
    try:
        for witness in job.witnesses:
            witness.require_same()
    except CohortError:
        work.clear()
        raise


def _require_same_contents(work: WorkFolder, job: Job) -> None:
    try:
        for witness in job.witnesses:
            witness.require_same_contents()
    except CohortError:
        work.clear()
        raise


def _seal(batch: RawBatch) -> str:
    hashes = pd.util.hash_pandas_object(batch.rows)
    return sha256(hashes.to_numpy().tobytes()).hexdigest()


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
