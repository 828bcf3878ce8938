from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from features.errors import ConfigError
from pipeline.promotion.lock import one_at_a_time

# Reads a number, waits, writes it back plus one: without a lock two of these lose a step.
COUNT = """
import sys, time
from pathlib import Path
from features.errors import ConfigError
from pipeline.promotion.lock import one_at_a_time
file = Path(sys.argv[1])
for _ in range(10):
    with one_at_a_time(sys.argv[1]):
        number = int(file.read_text())
        time.sleep(0.01)
        file.write_text(str(number + 1))
"""


def test_two_processes_are_never_inside_together(tmp_path: Path) -> None:
    file = tmp_path / "count"
    file.write_text("0")
    command = [sys.executable, "-c", COUNT, str(file)]
    running = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait() for process in running] == [0, 0]
    assert file.read_text() == str(2 * 10)


def test_a_process_that_was_killed_leaves_no_lock(tmp_path: Path) -> None:
    held = (
        "import sys, time\nfrom pipeline.promotion.lock import one_at_a_time\n"
        "with one_at_a_time(sys.argv[1]):\n    print('in', flush=True)\n    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", held, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        process.kill()
    with one_at_a_time(str(tmp_path)):
        assert process.poll() is not None


def test_an_error_inside_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), one_at_a_time(str(tmp_path)):
        _ = 1 / 0
    with one_at_a_time(str(tmp_path)), one_at_a_time(str(tmp_path / "another")):
        pass


def test_who_waits_says_for_what_and_not_for_ever(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.promotion.lock._SILENCE", 0.0)
    with (
        one_at_a_time(str(tmp_path)),
        pytest.raises(ConfigError, match="Look whether it hangs"),
        one_at_a_time(str(tmp_path), patience=0.3),
    ):
        pass
    assert capsys.readouterr().err.startswith("Waiting for another process that registers or")


def test_a_database_is_one_whatever_its_folder_is_called_and_wherever_others_keep_their_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with one_at_a_time(f"sqlite:///{tmp_path}/real/mlflow.db"):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        with (
            pytest.raises(ConfigError, match="registering or promoting here"),
            one_at_a_time(f"sqlite:///{tmp_path}/link/mlflow.db", patience=0.2),
        ):
            pass
