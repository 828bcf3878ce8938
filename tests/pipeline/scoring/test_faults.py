from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from pipeline.scoring.kept.work_folder import WorkFolder
from pipeline.scoring.request import ScoreRequest
from tests.asked_process import AskedProcess
from tests.fast_part import fast_only
from tests.pipeline.scoring.conftest import written

ROOT = Path(__file__).parents[3]
NOBODY = 65534


# What of a request is plain values for JSON.
_PLAIN = {
    "file",
    "model",
    "out",
    "n_reasons",
    "keep",
    "batch_rows",
    "resume",
    "overwrite",
    "workers",
}


class Answer(NamedTuple):
    code: int
    calls: list[str]
    told: str


class Jobs:
    """Runs jobs in processes of their own; see `killed`."""

    def __init__(self) -> None:
        self.process = AskedProcess("tests.pipeline.scoring.killed")

    def run(
        self,
        request: ScoreRequest,
        kill_at: int = 0,
        largest_file: int = 0,
        user: int = 0,
        kill_in_batch: int = 0,
    ) -> Answer:
        fields = {name: value for name, value in asdict(request).items() if name in _PLAIN}
        job = {
            "request": fields,
            "kill_at": kill_at,
            "kill_in_batch": kill_in_batch,
            "largest_file": largest_file,
            "user": user,
        }
        return Answer(*self.process.ask(job))


@pytest.fixture(scope="module")
def jobs() -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.process.close()


def empty(request: ScoreRequest) -> None:
    for path in request.out.parent.iterdir():
        path.unlink()


def kill_and_go_on(jobs: Jobs, request: ScoreRequest, n_kills: int, seed: int) -> None:
    """Kill at random calls to the disk, the resumed job again, then compare every byte."""
    whole = jobs.run(request)
    assert whole.code == 0
    expected = written(request)
    assert len(expected) == 3
    draw = random.Random(seed)
    killed = 0
    while killed < n_kills:
        empty(request)
        resume = replace(request, resume=True)
        answer = jobs.run(resume, kill_at=draw.randint(1, len(whole.calls)))
        while answer.code == -9:
            killed += 1
            there = written(request)
            assert request.out.name not in there or expected.items() <= there.items()
            at = draw.randint(1, len(whole.calls))
            answer = jobs.run(resume, kill_at=at if killed < n_kills else 0)
        assert answer.code == 0, answer.told
        assert written(request) == expected
        assert not WorkFolder.path_for(request.out).exists()


@pytest.mark.parametrize("ending", fast_only([".parquet"], [".csv", ".parquet"]))
def test_a_job_killed_at_any_point_goes_on_to_the_same_bytes(
    jobs: Jobs, request_: ScoreRequest, ending: str
) -> None:
    asked = replace(request_, out=request_.out.with_suffix(ending), batch_rows=80)
    kill_and_go_on(jobs, asked, n_kills=3, seed=len(ending))


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_job_killed_at_fifty_points_goes_on_to_the_same_bytes(
    jobs: Jobs, request_: ScoreRequest, ending: str
) -> None:
    asked = replace(request_, out=request_.out.with_suffix(ending), n_reasons=2)
    kill_and_go_on(jobs, asked, n_kills=50, seed=50)


@pytest.mark.slow
def test_a_job_of_several_processes_killed_at_any_point_goes_on_to_the_same_bytes(
    jobs: Jobs, request_: ScoreRequest
) -> None:
    asked = replace(request_, out=request_.out.with_suffix(".parquet"), workers=2)
    kill_and_go_on(jobs, asked, n_kills=10, seed=5)


def kill_in_the_end(jobs: Jobs, request: ScoreRequest, calls: tuple[str, ...]) -> None:
    """Kill at each of these calls from the first file that is made ready to the last clean-up."""
    whole = jobs.run(request)
    expected = written(request)
    # The schema and the announcement are written, three files are published, the job is announced.
    ready = [at for at, name in enumerate(whole.calls, 1) if name == "replace"][-6]
    # the work folder, three locks and the announcement
    assert whole.calls[-5:] == ["rmdir", *["unlink"] * 4]
    points = [at for at in range(ready, len(whole.calls) + 1) if whole.calls[at - 1] in calls]
    for at in points:
        empty(request)
        assert jobs.run(request, kill_at=at).code == -9
        answer = jobs.run(replace(request, resume=True))
        assert answer.code == 0, answer.told
        # All but the last line, with its seconds, is told again.
        assert set(whole.told.splitlines()[:-1]) <= set(answer.told.splitlines())
        assert written(request) == expected
        assert not WorkFolder.path_for(request.out).exists()


def test_a_job_killed_while_files_take_their_place_is_finished_by_resume(
    jobs: Jobs, request_: ScoreRequest
) -> None:
    kill_in_the_end(jobs, replace(request_, batch_rows=200), ("replace", "rmdir"))


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_job_killed_at_each_step_of_its_end_is_finished_by_resume(
    jobs: Jobs, request_: ScoreRequest, ending: str
) -> None:
    asked = replace(request_, out=request_.out.with_suffix(ending), batch_rows=200)
    kill_in_the_end(jobs, asked, ("fsync", "replace", "unlink", "rmdir"))


def test_what_a_finished_job_left_does_not_stand_for_another_one(
    jobs: Jobs, request_: ScoreRequest
) -> None:
    whole = jobs.run(request_)
    expected = written(request_)
    empty(request_)
    assert jobs.run(request_, kill_at=len(whole.calls) - 1).code == -9
    assert jobs.run(request_).code == 2
    answer = jobs.run(replace(request_, resume=True, n_reasons=2))
    assert answer.code == 2
    assert "settings changed since it was made" in answer.told
    assert written(request_) == expected
    answer = jobs.run(replace(request_, resume=True))
    assert answer.code == 2
    assert "exists" in answer.told


def test_a_job_killed_in_the_midst_of_a_batch_goes_on_to_the_same_bytes(
    jobs: Jobs, request_: ScoreRequest
) -> None:
    assert jobs.run(request_).code == 0
    expected = written(request_)
    empty(request_)
    assert jobs.run(request_, kill_in_batch=5).code == -9
    assert not request_.out.exists()
    assert jobs.run(replace(request_, resume=True)).code == 0
    assert written(request_) == expected


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """A file system in memory of so many bytes at the folder."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if not shutil.which("mount") or os.geteuid() != 0:
        pytest.skip("needs root and mount, to make a small disk")
    mounted = subprocess.run(["mount", *options], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("room", fast_only([0.8], [0.3, 0.8, 1.4]))
def test_a_disk_without_room_keeps_what_is_scored_until_there_is_room(
    jobs: Jobs, request_: ScoreRequest, tmp_path: Path, room: float
) -> None:
    assert jobs.run(request_).code == 0
    expected = written(request_)
    with small_disk(tmp_path / "small", int(room * len(expected["risks.csv"]))):
        asked = replace(request_, out=tmp_path / "small" / "risks.csv")
        answer = jobs.run(asked)
        assert answer.code == 2
        assert "cannot be written (No space left on device). What is scored" in answer.told
        assert not asked.out.exists()
        command = ["mount", "-o", "remount,size=32m", str(asked.out.parent)]
        subprocess.run(command, check=True)
        assert jobs.run(replace(asked, resume=True)).code == 0
        assert written(asked) == expected


def test_a_full_disk_is_told_and_costs_nothing_that_was_scored(
    jobs: Jobs, request_: ScoreRequest
) -> None:
    assert jobs.run(request_).code == 0
    expected = written(request_)
    full = replace(request_, overwrite=True)
    # Room for the parts of batches, not for the whole.
    answer = jobs.run(full, largest_file=len(expected["risks.csv"]) // 2)
    assert answer.code == 2
    assert "cannot be written (File too large)" in answer.told
    assert "--resume" in answer.told
    assert WorkFolder.path_for(request_.out).is_dir()
    assert jobs.run(replace(request_, resume=True)).code == 0
    assert written(request_) == expected


def test_a_disk_full_from_the_start_leaves_nothing(jobs: Jobs, request_: ScoreRequest) -> None:
    answer = jobs.run(request_, largest_file=100)
    assert answer.code == 2
    assert "cannot be written" in answer.told
    assert not request_.out.parent.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to run a job as somebody else")
def test_a_folder_that_may_not_be_written_is_told(jobs: Jobs, request_: ScoreRequest) -> None:
    # Not in pytest's own folder, which other users may not enter.
    with tempfile.TemporaryDirectory(prefix="readable-") as name:
        folder = Path(name)
        shutil.copytree(request_.model, folder / "model")
        shutil.copy(request_.file, folder / "new.parquet")
        (folder / "out").mkdir()
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        asked = replace(
            request_,
            file=folder / "new.parquet",
            model=str(folder / "model"),
            out=folder / "out" / "risks.csv",
        )
        answer = jobs.run(asked, user=NOBODY)
        assert answer.code == 2
        assert "cannot be written (Permission denied)" in answer.told
        assert list((folder / "out").iterdir()) == []


def test_a_text_file_cut_off_in_a_row_loses_that_row_alone(
    jobs: Jobs, request_: ScoreRequest, patients: pd.DataFrame
) -> None:
    file = Path(request_.file).with_suffix(".csv")
    text = patients.drop(columns="ward").to_csv(index=False)
    file.write_text(text[: text.rindex(",")])
    asked = replace(request_, file=file, keep=())
    assert jobs.run(asked).code == 0
    rejects = pd.read_csv(asked.rejects)
    assert rejects.iloc[-1][["row", "rule"]].tolist() == [
        401,
        "more or fewer cells than the header",
    ]
    assert len(pd.read_csv(asked.out)) + len(rejects) == 400


def test_a_packed_file_cut_off_is_refused_whole(jobs: Jobs, request_: ScoreRequest) -> None:
    import gzip

    file = Path(request_.file).with_suffix(".csv.gz")
    data = gzip.compress(pd.read_parquet(request_.file).to_csv(index=False).encode())
    file.write_bytes(data[:-2000])
    answer = jobs.run(replace(request_, file=file))
    assert answer.code == 2
    assert "is a truncated or damaged compressed file" in answer.told
    assert not request_.out.exists()
