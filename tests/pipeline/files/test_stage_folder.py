from __future__ import annotations

import stat
from pathlib import Path

import pytest

from features.errors import CohortError, ConfigError, Problem
from pipeline.files.stage_folder import RECEIPT, written_whole
from pipeline.settings.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path)


def write(name: str, paths: Paths, text: str, *reads: str) -> None:
    with written_whole(name, paths, reads) as staged:
        staged.stage(name).mkdir(exist_ok=True)
        (staged.stage(name) / "split.csv").write_text(text)
        (staged.stage(name) / "model").mkdir()
        (staged.stage(name) / "model" / "about.json").write_text(text)


def test_a_stage_that_ends_midway_leaves_what_was_there(paths: Paths) -> None:
    write("train", paths, "old")
    with pytest.raises(KeyboardInterrupt), written_whole("train", paths) as staged:
        (staged.stage("train") / "split.csv").write_text("new")
        raise KeyboardInterrupt
    assert (paths.train / "split.csv").read_text() == "old"
    assert [path.name for path in paths.train.parent.iterdir()] == ["train"]


def test_a_refused_cohort_leaves_no_older_one_in_its_place(paths: Paths) -> None:
    write("ingest", paths, "old")
    refusal = CohortError([Problem("age", "wrong", "Mend it")])
    with pytest.raises(CohortError), written_whole("ingest", paths, forget=True):
        raise refusal
    assert not paths.ingest.exists()


def test_what_was_made_from_another_folder_is_not_read(paths: Paths) -> None:
    write("ingest", paths, "one")
    write("train", paths, "model", "ingest")
    write("evaluate", paths, "figures", "ingest", "train")
    write("ingest", paths, "another")
    with pytest.raises(ConfigError, match="train was made from another ingest than lies beside it"):
        write("evaluate", paths, "figures", "ingest", "train")
    write("train", paths, "model", "ingest")
    write("evaluate", paths, "figures", "ingest", "train")


@pytest.mark.parametrize("change", ["edit", "lose", "add", "unsealed"])
def test_a_folder_that_is_not_what_its_stage_wrote_is_not_read(paths: Paths, change: str) -> None:
    write("train", paths, "model")
    if change == "edit":
        (paths.train / "split.csv").write_text("other")
    elif change == "lose":
        (paths.train / "split.csv").unlink()
    elif change == "add":
        (paths.train / "more.csv").write_text("")
    else:
        (paths.train / RECEIPT).unlink()
    with pytest.raises(ConfigError, match="Run `calcirisk train` again"):
        write("evaluate", paths, "figures", "train")
    assert not paths.evaluate.exists()


def test_what_is_read_may_not_change_meanwhile(paths: Paths) -> None:
    write("ingest", paths, "one")
    with (
        pytest.raises(ConfigError, match="was changed while it was read"),
        written_whole("train", paths, ["ingest"]),
    ):
        (paths.ingest / "split.csv").write_text("two")
    assert not paths.train.exists()


def test_one_process_at_a_time_runs_a_stage_in_a_folder(paths: Paths) -> None:
    with (
        written_whole("train", paths),
        pytest.raises(ConfigError, match="is in use by another job"),
        written_whole("train", paths),
    ):
        pass
    assert stat.S_IMODE(paths.train.stat().st_mode) == 0o700
