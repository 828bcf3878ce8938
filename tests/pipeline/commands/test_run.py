from __future__ import annotations

import io
from pathlib import Path

import pytest

from pipeline.commands import run as run_module
from pipeline.commands.run import Progress, StageError, run
from pipeline.settings.params import Params, Paths

UP_TO_DATE = """\
Running stage 'source':
> calcirisk source

Stage 'ingest' didn't change, skipping
Stage 'train' is cached - skipping run, checking out outputs
Use `dvc push` to send your updates to remote storage.
"""
FAILED = """\
Stage 'ingest' didn't change, skipping
Running stage 'train':
> calcirisk train
smart: 12 events, at least 50 are needed
ERROR: failed to reproduce 'train': failed to run: calcirisk train, exited with 2
"""


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


@pytest.fixture
def params() -> Params:
    return Params.load()


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setattr("pipeline.commands.summary.summarise", lambda params, paths: "the summary")
    return Paths(tmp_path)


def _dvc_says(monkeypatch: pytest.MonkeyPatch, text: str, code: int) -> None:
    def reproduce(root: Path, progress: Progress) -> int:
        progress.follow(_lines(text))
        return code

    monkeypatch.setattr(run_module, "_reproduce", reproduce)


def test_a_stage_that_runs_is_shown_with_its_time_and_a_skipped_one_is_not() -> None:
    out = io.StringIO()
    progress = Progress(out)
    progress.follow(_lines(UP_TO_DATE))
    assert progress.ran == ["source"]
    assert out.getvalue().split() == ["source", "0.0", "s"]


def test_when_nothing_changed_it_says_so_and_still_shows_the_summary(
    params: Params, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    _dvc_says(monkeypatch, UP_TO_DATE, 0)
    out = io.StringIO()
    run(params, paths, out)
    assert "Nothing to do: everything is up to date." in out.getvalue()
    assert out.getvalue().endswith("the summary\n")


def test_when_a_stage_ran_it_does_not_say_that_there_was_nothing_to_do(
    params: Params, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    _dvc_says(monkeypatch, "Running stage 'score':\n> calcirisk score\n", 0)
    out = io.StringIO()
    assert run(params, paths, out) == ["score"]
    assert "Nothing to do" not in out.getvalue()


def test_a_failing_stage_speaks_for_itself_and_gives_its_exit_code(
    params: Params, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    _dvc_says(monkeypatch, FAILED, 255)
    with pytest.raises(StageError) as caught:
        run(params, paths, io.StringIO())
    assert caught.value.exit_code == 2
    assert str(caught.value).startswith("smart: 12 events, at least 50 are needed\nfailed to")


def test_an_experiment_that_registered_nothing_is_registered_by_the_next_run(
    params: Params, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    _dvc_says(monkeypatch, UP_TO_DATE, 0)
    paths.register.mkdir(parents=True)
    registration = paths.register / "registration.json"
    registration.write_text('{"registered": false}')
    run(params, paths, io.StringIO())
    assert not registration.exists()


def test_a_registration_is_forgotten_when_its_database_is_gone(
    params: Params, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    _dvc_says(monkeypatch, UP_TO_DATE, 0)
    paths.register.mkdir(parents=True)
    registration = paths.register / "registration.json"
    registration.write_text("{}")
    (paths.root / "mlflow.db").touch()
    run(params, paths, io.StringIO())
    assert registration.exists()
    (paths.root / "mlflow.db").unlink()
    run(params, paths, io.StringIO())
    assert not registration.exists()
