from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from multiprocessing import active_children
from multiprocessing.spawn import get_preparation_data
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import ConfigError
from features.intake.sources.source import RawBatch
from models.scorer import Scorer
from pipeline.scoring.batch import Part
from pipeline.scoring.columns import Wanted
from pipeline.scoring.job import score_stream
from pipeline.scoring.kept.work_folder import Finished, WorkFolder
from pipeline.scoring.request import ScoreRequest
from pipeline.scoring.risk_rules import ScoringRules
from pipeline.scoring.workers.handover import Handover
from pipeline.scoring.workers.worker_pool import count_workers, start_workers
from pipeline.settings.params import Paths
from tests.pipeline.scoring.conftest import written

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("ending", "reasons"),
    [
        pytest.param(".csv", 2, id="text", marks=pytest.mark.slow),
        pytest.param(".parquet", 0, id="binary"),
    ],
)
def test_however_many_processes_score_the_bytes_are_the_same(
    request_: ScoreRequest, paths: Paths, patients: pd.DataFrame, ending: str, reasons: int
) -> None:
    file = Path(request_.file).with_suffix(ending)
    patients.to_csv(file, index=False) if ending == ".csv" else patients.to_parquet(file)
    out = request_.out.with_suffix(ending)
    asked = replace(request_, file=file, out=out, n_reasons=reasons, workers=1)
    alone = score_stream(asked, paths)
    expected = written(asked)
    together = score_stream(replace(asked, workers=3, overwrite=True), paths)
    assert written(asked) == expected
    assert replace(together, seconds=0) == replace(alone, seconds=0)
    assert not active_children()


def test_a_job_whose_processes_are_killed_says_so_and_goes_on_to_the_same_bytes(
    request_: ScoreRequest, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    score_stream(request_, paths)
    expected = written(request_)
    keep = WorkFolder.add

    def kill_at_third(self: WorkFolder, finished: Finished, part: Part) -> None:
        keep(self, finished, part)
        if finished.batch == 2:
            for process in active_children():
                os.kill(int(process.pid or 0), signal.SIGKILL)

    asked = replace(request_, workers=2)
    with monkeypatch.context() as patch:
        patch.setattr(WorkFolder, "add", kill_at_third)
        with pytest.raises(ConfigError, match=r"ended from outside.*go on with --resume"):
            score_stream(replace(asked, overwrite=True), paths)
    score_stream(replace(asked, resume=True), paths)
    assert written(request_) == expected


def test_what_fails_in_another_process_fails_here(
    model_folder: Path, drawn_covariates: pd.DataFrame
) -> None:
    rows = drawn_covariates.head(5).reset_index()
    sound = ScoringRules.make(
        Scorer.load(model_folder), None, list(map(str, rows)), Wanted(reasons=0)
    )
    broken = replace(sound, wanted=replace(sound.wanted, keep=("ward",)))
    with start_workers(broken, 2, 5) as workers:
        scored = workers.submit(RawBatch(0, rows))
        with pytest.raises(KeyError, match="ward"):
            scored.result()
    assert not active_children()


def test_a_process_that_starts_with_a_batch_imports_no_main_module_either(
    model_folder: Path, drawn_covariates: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = drawn_covariates.head(5).reset_index()
    columns = list(map(str, rows))
    rules = ScoringRules.make(Scorer.load(model_folder), None, columns, Wanted(reasons=0))
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "job.py", raising=False)
    began = {key for key in get_preparation_data("one") if key.startswith("init_main")}
    assert began  # what a process would import
    asked = []
    with start_workers(rules, 2, 5) as workers:
        submit = workers._pool.submit

        def note(*given: object) -> Future[object]:
            asked.append(get_preparation_data("one"))
            return submit(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(workers._pool, "submit", note)
        workers.submit(RawBatch(0, rows)).result()
    assert len(asked) == 1
    assert began.isdisjoint(asked[0])


# As a person writes it who never heard of processes that import the script that starts them.
SCRIPT = """
from pathlib import Path, PosixPath
from pipeline.settings.paths import Paths
from pipeline.scoring.job import score_stream
from pipeline.scoring.columns import Categories, Comparison
from pipeline.scoring.request import Dialect, ScoreRequest
score_stream({asked!r}, Paths(Path()))
"""


@pytest.mark.slow
def test_a_script_needs_no_precautions(request_: ScoreRequest, paths: Paths) -> None:
    score_stream(request_, paths)
    expected = written(request_)
    script = paths.root / "job.py"
    script.write_text(SCRIPT.format(asked=replace(request_, workers=2, overwrite=True)))
    there = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, str(script)], env=there, check=True, timeout=600)
    assert written(request_) == expected


@pytest.fixture
def long_job(request_: ScoreRequest, patients: pd.DataFrame) -> Iterator[subprocess.Popen[str]]:
    """A job of minutes in a process that has two others score for it."""
    named = [patients.assign(patient_id=patients["patient_id"] + f"-{i}") for i in range(50)]
    pd.concat(named, ignore_index=True).to_parquet(request_.file)
    script = Path(request_.file).with_name("job.py")
    script.write_text(SCRIPT.format(asked=replace(request_, workers=2, batch_rows=20)))
    command = [sys.executable, str(script)]
    there = {**os.environ, "PYTHONPATH": str(ROOT)}
    job = subprocess.Popen(command, env=there, text=True, stderr=subprocess.PIPE)
    yield job
    job.kill()
    job.communicate()


def descendants(process: int) -> set[int]:
    found, waiting = set[int](), [process]
    while waiting:
        for children in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            here = {int(child) for child in children.read_text().split()}
            found |= here
            waiting += here
    return found


def wait_until_scoring(job: subprocess.Popen[str], out: Path) -> set[int]:
    """The processes below the job, once a few batches are finished."""
    for _ in range(6000):
        if len(list(WorkFolder.path_for(out).glob("*.scored.arrow"))) > 3:
            return descendants(job.pid)
        assert job.poll() is None, job.communicate()[1]
        time.sleep(0.1)
    raise AssertionError("no batch was finished in ten minutes")


def lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # what nobody has asked for its exit code yet has ended all the same


def wait_until_gone(processes: set[int]) -> None:
    """Returns once none of them lives; else the run of the tests gives up."""
    while any(lives(process) for process in processes):
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGINT, id="broken off"),
    ],
)
def test_no_process_outlives_its_job(
    long_job: subprocess.Popen[str], request_: ScoreRequest, sent: signal.Signals
) -> None:
    processes = wait_until_scoring(long_job, request_.out)
    assert len(processes) >= 3  # their server, and two of them
    for process in {long_job.pid, *(processes if sent is signal.SIGINT else ())}:
        os.kill(process, sent)
    _, told = long_job.communicate(timeout=3600)
    wait_until_gone(processes)
    # only the process that leads is surprised by a key that is pressed, maybe while it handles
    # something else: what it handled is told before it, in the same chain
    chained = told.count("the following exception:") + told.count("another exception occurred:")
    assert told.count("Traceback") - chained == (1 if sent is signal.SIGINT else 0), told


def test_where_no_process_can_be_started_it_is_said_what_to_do(
    request_: ScoreRequest, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError("AF_UNIX path too long")

    monkeypatch.setattr("multiprocessing.forkserver.ensure_running", refuse)
    with pytest.raises(ConfigError, match=r"AF_UNIX path too long.*Go on with --workers 1"):
        score_stream(replace(request_, workers=2), paths)
    assert not request_.out.parent.exists()
    score_stream(replace(request_, workers=1), paths)


@pytest.mark.parametrize(
    ("asked", "n_rows", "n_reasons", "expected"),
    [(0, 2e5, 0, 1), (0, 3e5, 0, 3), (0, 2e5, 3, 3), (0, 9e4, 3, 1), (1, 1e9, 3, 1), (7, 10, 0, 7)],
)
def test_processes_are_started_where_there_are_rows_that_repay_it(
    monkeypatch: pytest.MonkeyPatch, asked: int, n_rows: float, n_reasons: int, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    assert count_workers(asked, n_rows, n_reasons) == expected
    # a hundred would wait for the one that reads
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(100)))
    assert count_workers(asked, n_rows, n_reasons) <= max(asked, 16 if n_reasons else 6)


def test_what_is_handed_over_is_the_same_on_the_other_side(patients: pd.DataFrame) -> None:
    place = Handover()
    tables = [
        patients,
        patients.astype({"ward": "category"}).set_axis(range(2, 402)),
        pd.concat([patients] * 50, ignore_index=True),
        patients.head(0),
        pd.DataFrame(index=pd.RangeIndex(3)),
    ]
    for table in tables:
        pd.testing.assert_frame_equal(place.take(place.put(table)), table)
    place.close()


def test_what_is_handed_over_cannot_be_written_to() -> None:
    place = Handover()
    taken = place.take(place.put(np.arange(5.0)))
    with pytest.raises(ValueError, match="read-only"):
        taken[0] = 1.0
    place.close()
