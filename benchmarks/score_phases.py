"""Where the time of `calcirisk score` goes: CPU seconds by phase, of one source form and another.

    python -m benchmarks.score_phases MODEL COHORT WORK [rows]          (200000)

The same patients as Parquet and as CSV; one batch after the other on one thread, each phase called
by itself and timed. The phases are those of a job, the start of the program left out: read (file to
cells), check (cells to covariates, rejects), derive (features), margins (completion, linear part,
trees), risks, the rest of a batch (flags, categories, text), keep (to the work folder, waiting for
the disk), assemble (repeated identifiers, counts, output).
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from benchmarks.score_population import require_room, write_population
from features.derivation.catalogue import derive_features
from features.dictionary.dictionary import Dictionary
from features.intake.rows import read_rows
from pipeline.scoring.account.counts import Tally
from pipeline.scoring.batch import make_part, score_batch
from pipeline.scoring.final_files import assemble
from pipeline.scoring.job_setup import Job, prepare
from pipeline.scoring.kept.work_folder import Finished, WorkFolder
from pipeline.scoring.request import ScoreRequest
from pipeline.settings.paths import Paths

_PHASES = ("read", "check", "derive", "margins", "risks", "rest of the batch", "keep", "assemble")


def main() -> None:
    """Measure both forms and print the table."""
    model, cohort, work = (Path(argument) for argument in sys.argv[1:4])
    n_rows = int(sys.argv[4]) if len(sys.argv) > 4 else 200_000
    work.mkdir(parents=True, exist_ok=True)
    require_room(work, n_rows, len(Dictionary.load()))
    taken = {}
    for ending in (".parquet", ".csv"):
        file = work / f"patients{ending}"
        write_population(cohort, file, n_rows)
        # numba's loops are compiled, and files cached, in a first and unmeasured round.
        for _ in range(2):
            taken[ending] = measure(model, file, work / f"risks{ending}")
        file.unlink()
    console = Console(width=200)
    told = f"{n_rows:,} patients, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"
    console.print(told, markup=False)
    console.print("| CPU, microseconds a patient | Parquet to Parquet | CSV to CSV |")
    console.print("|---|---|---|")
    for phase in (*_PHASES, "all"):
        spent = [
            (sum(one.values()) if phase == "all" else one[phase]) * 1e6 / n_rows
            for one in taken.values()
        ]
        console.print(f"| {phase} | {spent[0]:.2f} | {spent[1]:.2f} |", markup=False)


def measure(model: Path, file: Path, out: Path) -> Counter[str]:
    """CPU seconds of each phase of a job, no reasons and no intervals."""
    request = ScoreRequest(file, str(model), out, n_reasons=0, intervals=False, workers=1)
    job = prepare(request, Paths(out.parent))
    job = replace(job, rules=job.rules.quicken(job.n_rows))
    for cause in job.rules.scorer.predictor.causes:
        if cause.boosted is not None:
            cause.boosted.booster.set_param({"nthread": 1})
    work = WorkFolder.acquire(out)
    work.begin({})
    spent: Counter[str] = Counter()
    score_all(job, work, spent)
    identifier = job.rules.rows.cohort_map.patient_id
    with phase(spent, "assemble"):
        assemble(work, out.suffix, job.told, job.constants, identifier, Tally.under(job.rules))
    work.remove()
    work.close()
    return spent


def score_all(job: Job, work: WorkFolder, spent: Counter[str]) -> None:
    """Every batch through every phase."""
    scorer, batches = job.rules.scorer, job.begun.batches()
    wanted = frozenset(scorer.predictor.feature_names)
    while True:
        with phase(spent, "read"):
            batch = next(batches, None)
        if batch is None:
            return
        whole: Counter[str] = Counter()
        with phase(whole, "batch"):
            scored, rejects = score_batch(batch.rows, job.rules)
        parts: Counter[str] = Counter()
        with phase(parts, "check"):
            columns = read_rows(batch.rows, job.rules.rows).columns
        with phase(parts, "derive"):
            features = derive_features(columns, scorer.dictionary, wanted)
        with phase(parts, "margins"):
            margins = scorer.predictor.margin(features)
        with phase(parts, "risks"):
            scorer.predictor.link.risk(margins, job.rules.years)
        parts["rest of the batch"] = whole["batch"] - sum(parts.values())
        spent.update(parts)
        with phase(spent, "keep"):
            part = make_part(scored, rejects)
            rows = part.n_scored + part.n_rejected
            work.add(Finished(batch.number, rows, part.n_scored, part.n_rejected, 0), part)


@contextmanager
def phase(spent: Counter[str], name: str) -> Iterator[None]:
    """Add the CPU seconds of the block, of all its threads."""
    start = time.process_time()
    yield
    spent[name] += time.process_time() - start


if __name__ == "__main__":
    main()
